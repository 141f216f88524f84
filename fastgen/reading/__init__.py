"""Files of tables read back, whoever wrote them: in flat memory, damaged rows told instead of stumbled over."""
