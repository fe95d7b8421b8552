"""Where the boxes of a graph stand: a layered drawing after Sugiyama, Tagawa and Toda (1981), in four steps.

    rank     each box one row beyond the last of its inputs (the longest path); an input just before its first use
    bends    a line that crosses rows gets a bend in each, so that boxes make room for it
    order    within a row by the mean place of the neighbours (the barycentre), which uncrosses most lines
    place    as near to the neighbours as the order and the gaps allow: least squares, by pooling adjacent violators

Coordinates are (across, along): across a row, and along the flow from row to row.
"""
from bisect import bisect_left, insort

GAP_ACROSS, GAP_ALONG, BEND = 18, 34, 10


class Spot:
    """A box, or a bend of a line: its size, its row and place, and the lines that meet it."""

    def __init__(self, breadth, depth, bend=False):
        self.breadth, self.depth, self.bend, self.row_depth = breadth, depth, bend, depth
        self.inputs, self.uses = [], []                 # [(spot, port)]: the input k of m enters at port (k+1)/(m+1)
        self.rank = self.order = 0
        self.across = self.along = 0.0

    def entry(self, port):
        """Where, across the row, the line for this port enters."""
        return self.across + (port - 0.5) * self.breadth


def layered(sizes, inputs):
    """(spots, routes): a Spot with .across and .along (its centre) for each box, and a list of points for each line.

    sizes       (breadth, depth) of each box: across and along
    inputs      for each box the numbers of its inputs, in order; inputs come before what is made of them
    routes      routes[box][k]: the points [(across, along), ...] of the line from its input k to it: two at each row,
                where it enters and leaves; within a row lines run straight, between rows they curve
    """
    spots = [Spot(*size) for size in sizes]
    _rank(spots, inputs)
    lines = _connect(spots, inputs)
    everything = {id(s): s for line in lines for s in line[0]} | {id(s): s for s in spots}
    rows = _rows(list(everything.values()), spots)
    _uncross(rows)
    _place(rows)
    routes = [[] for _ in spots]
    for (chain, port), box in zip(lines, (b for b, parents in enumerate(inputs) for _ in parents)):
        routes[box].append(_route(chain, port))
    return spots, routes


def _rank(spots, inputs):
    uses = [[] for _ in spots]
    for box, parents in enumerate(inputs):
        spots[box].rank = 1 + max((spots[p].rank for p in parents), default=-1)
        for p in parents:
            uses[p].append(box)
    for box in reversed(range(len(spots))):
        if not inputs[box] and uses[box]:
            spots[box].rank = min(spots[use].rank for use in uses[box]) - 1


def _connect(spots, inputs):
    """The lines as chains of spots from an input over its bends to a box; lines from one input share their bends."""
    lines, bends = [], {}
    for box, parents in enumerate(inputs):
        for k, p in enumerate(parents):
            chain = [spots[p]]
            for rank in range(spots[p].rank + 1, spots[box].rank):
                if (p, rank) not in bends:
                    bend = bends[p, rank] = Spot(BEND, 0, bend=True)
                    bend.rank = rank
                    bend.inputs.append((chain[-1], 0.5))
                    chain[-1].uses.append((bend, 0.5))
                chain.append(bends[p, rank])
            port = (k + 1) / (len(parents) + 1)
            spots[box].inputs.append((chain[-1], port))
            chain[-1].uses.append((spots[box], port))
            lines.append(([*chain, spots[box]], port))
    return lines


def _rows(everything, spots):
    """The rows, ordered at first by a walk from the last box back through the inputs: for a tree without crossings."""
    rows = [[] for _ in range(1 + max((s.rank for s in everything), default=0))]
    seen = set()
    for root in reversed(spots):
        stack = [root]
        while stack:
            spot = stack.pop()
            if id(spot) not in seen:
                seen.add(id(spot))
                rows[spot.rank].append(spot)
                stack.extend(u for u, _ in reversed(spot.inputs))
    return rows


# -- order -----------------------------------------------------------------------------------------------------------
def crossings(rows):
    """How many pairs of lines between neighbouring rows cross."""
    total = 0
    for row in rows:
        _number(row)
    for row in rows[1:]:
        ends = sorted((u.order, spot.order + port) for spot in row for u, port in spot.inputs)
        passed = []
        for _, end in ends:
            total += len(passed) - bisect_left(passed, end + 1e-9)
            insort(passed, end)
    return total


def _number(row):
    for k, spot in enumerate(row):
        spot.order = k


def _uncross(rows, sweeps=16):
    """Sort each row by the barycentre, forward and back in turn, and keep the best order met."""
    best, fewest = [list(row) for row in rows], crossings(rows)
    for sweep in range(sweeps):
        if not fewest:
            break
        forward = sweep % 2 == 0
        for row in rows if forward else reversed(rows):
            row.sort(key=lambda s: _barycentre(s, forward))
            _number(row)
        _swap_neighbours(rows)
        count = crossings(rows)
        if count < fewest:
            best, fewest = [list(row) for row in rows], count
    for row, order in zip(rows, best):
        row[:] = order
        _number(row)


def _barycentre(spot, forward):
    near = [u.order for u, _ in spot.inputs] if forward else [v.order + port - 0.5 for v, port in spot.uses]
    return sum(near) / len(near) if near else spot.order


def _swap_neighbours(rows):
    for row in rows:
        for k in range(len(row) - 1):
            a, b = row[k], row[k + 1]
            if _crossed(a, b) > _crossed(b, a):
                row[k], row[k + 1] = b, a
        _number(row)


def _crossed(left, right):
    """How many of their lines cross when one stands left of the other."""
    return (sum(u.order > v.order for u, _ in left.inputs for v, _ in right.inputs)
            + sum(u.order + p > v.order + q for u, p in left.uses for v, q in right.uses))


# -- place -----------------------------------------------------------------------------------------------------------
def _place(rows, sweeps=40):
    along = 0.0
    for row in rows:
        depth = max(s.depth for s in row)
        across = 0.0
        for s in row:
            s.along, s.row_depth, s.across = along + depth / 2, depth, across + s.breadth / 2
            across += s.breadth + GAP_ACROSS
        along += depth + GAP_ALONG
    for sweep in range(sweeps):                     # at first each row follows the one before it, at last both sides
        forward, both = sweep % 2 == 0, sweep > sweeps // 2
        for row in rows if forward else reversed(rows):
            _settle(row, forward or both, not forward or both)
    for row in rows:
        _straighten(row, lambda bend: bend.inputs)
    for row in reversed(rows):
        _straighten(row, lambda bend: bend.uses)
    first = min(s.across - s.breadth / 2 for row in rows for s in row)
    for row in rows:
        for s in row:
            s.across -= first


def _settle(row, by_inputs, by_uses):
    """Move a row's spots to the least-squares places: near to their neighbours, in order, a gap apart.

    Less the gaps, places must only not decrease; so where two wishes conflict, their spots pool and stand at the mean.
    """
    pools, offset = [], 0.0                             # a pool: [sum of weights · wishes, sum of weights, spots]
    for k, spot in enumerate(row):
        if k:
            offset += (row[k - 1].breadth + spot.breadth) / 2 + GAP_ACROSS
        wishes = [(u.across - (port - 0.5) * spot.breadth, _stiffness(u, spot)) for u, port in spot.inputs if by_inputs]
        wishes += [(v.entry(port), _stiffness(spot, v)) for v, port in spot.uses if by_uses]
        wishes = wishes or [(spot.across, 0.1)]
        pools.append([sum(w * (x - offset) for x, w in wishes), sum(w for _, w in wishes), [(spot, offset)]])
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] > pools[-1][0] / pools[-1][1]:
            total, weight, spots = pools.pop()
            pools[-1][0] += total
            pools[-1][1] += weight
            pools[-1][2] += spots
    for total, weight, spots in pools:
        for spot, offset in spots:
            spot.across = total / weight + offset


def _straighten(row, neighbours):
    """Put bends in line with the next bend of their line, as far as there is room: least squares lets lines lean."""
    for k, spot in enumerate(row):
        wish = next((other.across for other, _ in neighbours(spot) if spot.bend and other.bend), spot.across)
        if k:
            wish = max(wish, row[k - 1].across + (row[k - 1].breadth + spot.breadth) / 2 + GAP_ACROSS)
        if k < len(row) - 1:
            wish = min(wish, row[k + 1].across - (row[k + 1].breadth + spot.breadth) / 2 - GAP_ACROSS)
        if spot.bend:
            spot.across = wish


def _stiffness(a, b):
    """How much a line wants to be straight: most between bends, least where it comes from a leaf."""
    return 8 if a.bend and b.bend else 3 if a.inputs else 1


def _route(chain, port):
    """The points of a line: out of its first spot, straight through every row, into the last spot at its port."""
    first, *bends, last = chain
    entry = last.entry(port)
    points = [(first.across, first.along + first.depth / 2), (first.across, first.along + first.row_depth / 2)]
    for bend in bends:
        points += [(bend.across, bend.along - bend.row_depth / 2), (bend.across, bend.along + bend.row_depth / 2)]
    return [*points, (entry, last.along - last.row_depth / 2), (entry, last.along - last.depth / 2)]
