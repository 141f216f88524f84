"""Writes fastgen/reporting/outlines.json: outlines of the world's land and of the United States, for the maps of a report.

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz && python docs/make_outlines.py package/

The npm package world-atlas has the shapes of Natural Earth (4.1.0, public domain) as TopoJSON. Land is taken at 1:110 million, the
United States at 1:50 million. Lines are simplified (Douglas, Peucker 1973), small islands are dropped, and degrees are rounded
to one or two decimals.
"""

import json
import sys
from pathlib import Path
from typing import Any

OUTLINES = Path(__file__).parents[1] / "fastgen" / "reporting" / "outlines.json"
UNITED_STATES = "840"
ANTARCTIC = -60
Point = tuple[float, float]
Ring = list[Point]


def arcs_of(topology: dict[str, Any]) -> list[Ring]:
    """The arcs of a TopoJSON file in degrees; the file has them as differences of integers."""
    scale, shift = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((x * scale[0] + shift[0], y * scale[1] + shift[1]))
        arcs.append(points)
    return arcs


def rings_of(shape: dict[str, Any], arcs: list[Ring]) -> list[Ring]:
    """The outer rings of a shape: arcs joined end to end, those with a negative number backwards."""
    if shape["type"] == "GeometryCollection":
        return [ring for inner in shape["geometries"] for ring in rings_of(inner, arcs)]
    polygons = shape["arcs"] if shape["type"] == "MultiPolygon" else [shape["arcs"]]
    rings = []
    for outer, *_ in polygons:
        ring: Ring = []
        for number in outer:
            ring += (arcs[number] if number >= 0 else arcs[~number][::-1])[1 if ring else 0 :]
        rings.append(ring)
    return rings


def thinned(line: Ring, tolerance: float) -> Ring:
    """The line without points that are at most `tolerance` degrees from the remaining line."""
    if len(line) < 3:
        return line
    (ax, ay), (bx, by) = line[0], line[-1]
    length = ((bx - ax) ** 2 + (by - ay) ** 2) ** 0.5
    offsets = [
        abs((bx - ax) * (ay - y) - (ax - x) * (by - ay)) / length if length else ((x - ax) ** 2 + (y - ay) ** 2) ** 0.5
        for x, y in line[1:-1]
    ]
    farthest = max(range(len(offsets)), key=offsets.__getitem__) + 1
    if offsets[farthest - 1] <= tolerance:
        return [line[0], line[-1]]
    return thinned(line[: farthest + 1], tolerance)[:-1] + thinned(line[farthest:], tolerance)


def area(ring: Ring) -> float:
    """The area of a ring in square degrees."""
    return abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in zip(ring, ring[1:] + ring[:1], strict=True))) / 2


def is_cut(ring: Ring) -> bool:
    """Whether a ring is an island on the date line, which would appear in pieces at both edges of the map."""
    across = [x for x, _ in ring]
    return len(ring) < 12 and max(across) - min(across) > 300


def outline(rings: list[Ring], tolerance: float, least: float, decimals: int) -> dict[str, Any]:
    """The rings that are large enough and not in the Antarctic, as a GeoJSON shape."""
    chosen = [ring for ring in rings if area(ring) >= least and max(y for _, y in ring) > ANTARCTIC and not is_cut(ring)]
    kept = [[(round(x, decimals), round(y, decimals)) for x, y in thinned(ring, tolerance)] for ring in chosen]
    return {"type": "MultiPolygon", "coordinates": [[ring] for ring in kept if len(ring) > 3]}


def main(folder: str) -> None:
    """Read the unpacked npm package and write the file that fastgen ships."""
    sys.setrecursionlimit(10_000)
    world = json.loads(Path(folder, "land-110m.json").read_text())
    finer = json.loads(Path(folder, "countries-50m.json").read_text())
    land = rings_of(world["objects"]["land"], arcs_of(world))
    home = next(shape for shape in finer["objects"]["countries"]["geometries"] if shape.get("id") == UNITED_STATES)
    content = {
        "origin": "Natural Earth 4.1.0 (public domain), from the npm package world-atlas 2.0.2; thinned by docs/make_outlines.py",
        "world": outline(land, tolerance=0.25, least=5, decimals=1),
        "home": outline(rings_of(home, arcs_of(finer)), tolerance=0.08, least=0.05, decimals=2),
    }
    OUTLINES.write_text(json.dumps(content, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
