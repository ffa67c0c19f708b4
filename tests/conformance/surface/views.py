"""Diagonals, triangles, other orders and windows: what is compared with PyTorch."""

from typing import Any

import numpy as np

from tests.conformance.surface.form import Case, Edge

INF, NAN = np.inf, np.nan


def written(view: Any) -> Case:
    """Write through a view of a computed Tensor, then through its base; each must show what was done to the other."""

    def case(m: Any, k: Any, s: Any) -> Any:
        base = k * 1
        seen = view(base)
        seen.mul_(s)
        base += s * s
        seen[...] = seen * seen.detach().cos()
        return base * k, seen

    return case


#: Views of a Tensor of shape (2, 3, 4), each on the memory of its base.
VIEWS: dict[str, Any] = {
    "diagonal": lambda t: t.diagonal(1, 2, 0),
    "diagonal of a transpose": lambda t: t.mT.diagonal(-1, 1, 2),
    "unfold": lambda t: t.unfold(2, 2, 2),
    "unfold of a part": lambda t: t[:, 1:].unfold(1, 1, 2),
    "as_strided": lambda t: t.as_strided((3, 2), (5, 2), 3),
    "as_strided of a part": lambda t: t[1].as_strided((2, 2), (1, 4)),
    "as_strided of a permutation": lambda t: t.permute(2, 0, 1).as_strided((4,), (3,)),
    "transpose": lambda t: t.transpose(0, 2)[1:],
    "swapaxes": lambda t: t.swapaxes(0, 1)[0],
    "swapdims": lambda t: t.swapdims(-1, 1),
    "permute": lambda t: t.permute(2, 0, 1)[:2],
    "movedim": lambda t: t.movedim(0, -1),
    "movedim several": lambda t: t.movedim((0, 1), (2, 0))[0],
    "mT": lambda t: t.mT,
    "mH": lambda t: t.mH[0],
    "T of a part": lambda t: t[0].T,
    "H of a part": lambda t: t[0].H,
    "t of a part": lambda t: t[1].t(),
    "adjoint": lambda t: t.adjoint(),
    "view": lambda t: t.view(6, 4)[1],
    "view_as": lambda t: t.view_as(t.reshape(4, 6)),
    "reshape": lambda t: t.reshape(-1)[3:9],
    "flatten": lambda t: t.flatten(1)[:, 2:5],
    "ravel": lambda t: t.ravel()[::2],
    "unflatten": lambda t: t.unflatten(2, (2, 2))[..., 1],
    "squeeze": lambda t: t[:1].squeeze(),
    "squeeze dim": lambda t: t[:, :1].squeeze(1),
    "unsqueeze": lambda t: t.unsqueeze(1)[1],
    "expand": lambda t: t.expand(1, 2, 3, 4),
    "broadcast_to": lambda t: t.broadcast_to((1, 2, 3, 4))[0],
    "narrow": lambda t: t.narrow(1, 1, 2),
    "select": lambda t: t.select(2, -1),
    "tensor_split": lambda t: t.tensor_split(2, 1)[1],
    "hsplit": lambda t: t.hsplit((1,))[0],
    "vsplit": lambda t: t.vsplit(2)[1],
    "dsplit": lambda t: t.dsplit(2)[1],
    "contiguous": lambda t: t.contiguous()[0],
    "ravel of a vector": lambda t: t[0, 0].ravel(),
}
CASES: dict[str, Case] = {f"{name.split()[0]} written {name}": written(view) for name, view in VIEWS.items()}
CASES |= {
    "diagonal": lambda m, x: m.diagonal(x),
    "diagonal offset": lambda m, x: x.diagonal(offset=1) ** 2,
    "diagonal below": lambda m, x: x.diagonal(-1),
    "diagonal dims": lambda m, k: m.diagonal(k, 1, dim1=-1, dim2=0),
    "diagonal integers": lambda m, i: i.diagonal(),
    "diagonal of a transpose": lambda m, x: x.t().diagonal(1),
    "diagonal beyond": lambda m, x: m.diagonal(x, 7),
    "diag": lambda m, r: m.diag(r),
    "diag above": lambda m, r: r.diag(2),
    "diag below": lambda m, r: m.diag(r, diagonal=-1),
    "diag matrix": lambda m, x: m.diag(x),
    "diag matrix above": lambda m, x: x.diag(1),
    "diag matrix beyond": lambda m, x: m.diag(x, 5),
    "diag booleans": lambda m, b: m.diag(b[0]),
    "diag_embed": lambda m, x: m.diag_embed(x),
    "diag_embed offset": lambda m, x: m.diag_embed(x, offset=-1, dim1=0, dim2=-1),
    "diag_embed dims": lambda m, x: x.diag_embed(1, 2, 0) ** 3,
    "diagflat": lambda m, x: m.diagflat(x),
    "diagflat offset": lambda m, s: s.diagflat(offset=1),
    "tril": lambda m, x: m.tril(x),
    "tril above": lambda m, k: k.tril(diagonal=1),
    "tril below": lambda m, x: m.tril(x, -1),
    "tril integers": lambda m, i: i.tril(),
    "tril booleans": lambda m, b: m.tril(b),
    "tril of a transpose": lambda m, k: k.transpose(0, 2).tril(),
    "tril half": lambda m, h: m.tril(h.expand(3, 3)),
    "triu": lambda m, x: m.triu(x) ** 2,
    "triu above": lambda m, k: k.triu(diagonal=2),
    "triu below": lambda m, x: m.triu(x, -5),
    "triu bytes": lambda m, u: m.triu(u.expand(2, 3)),
    "tril_": lambda m, x: (x * 1).tril_(-1),
    "triu_": lambda m, x: (x * 1).triu_(diagonal=1),
    "flip": lambda m, k: m.flip(k, (0, 2)),
    "flip one": lambda m, x: m.flip(x, dims=[-1]) ** 2,
    "flip none": lambda m, x: m.flip(x, ()),
    "flip method": lambda m, k: k.flip(1, 2),
    "flip method keyword": lambda m, x: x.flip(dims=(0,)),
    "flip method tuple": lambda m, x: x.flip((0,)),
    "flip scalar": lambda m, s: s.flip(0),
    "fliplr": lambda m, x: m.fliplr(x),
    "flipud": lambda m, k: k.flipud(),
    "roll": lambda m, x: m.roll(x, 2),
    "roll back": lambda m, x: x.roll(-7),
    "roll dim": lambda m, k: m.roll(k, shifts=1, dims=1),
    "roll dims": lambda m, k: k.roll((1, -2), (0, -1)) ** 2,
    "roll of a transpose": lambda m, x: x.t().roll(1),
    "roll of a transpose seen otherwise": lambda m, x: x.t().roll(1, 0).view(-1) ** 2,
    "roll a dim twice": lambda m, r: r.roll((1, 1), (0, 0)),
    "rot90": lambda m, x: m.rot90(x),
    "rot90 twice": lambda m, x: x.rot90(2),
    "rot90 back": lambda m, k: m.rot90(k, k=-1, dims=(1, 2)),
    "rot90 round": lambda m, k: m.rot90(k, 4, [2, 0]) ** 2,
    "unfold": lambda m, k: k.unfold(2, 3, 1),
    "unfold apart": lambda m, k: k.unfold(1, 1, 2),
    "unfold touching": lambda m, k: k.unfold(dimension=-1, size=2, step=2) ** 2,
    "unfold of a transpose": lambda m, k: k.transpose(0, 2).unfold(0, 2, 1),
    "unfold scalar": lambda m, s: s.unfold(0, 1, 1),
    "unfold once": lambda m, r: r.unfold(0, 3, 1),
    "as_strided": lambda m, x: m.as_strided(x, (2, 2), (2, 1)),
    "as_strided offset": lambda m, k: k.as_strided((3, 2), (4, 1), 5) ** 2,
    "as_strided overlapping": lambda m, x: m.as_strided(x, size=(4, 2), stride=(1, 1), storage_offset=1) ** 2,
    "as_strided of a transpose": lambda m, x: (x * 1).t().as_strided((3,), (1,)),
    "as_strided repeating": lambda m, r: (r * 1).as_strided((2, 3), (0, 1)),
    "adjoint": lambda m, k: m.adjoint(k),
    "adjoint method": lambda m, x: x.adjoint() @ x,
    "H": lambda m, x: x.H @ x,
    "mH": lambda m, k: k.mH,
    "T": lambda m, x: x.T @ x,
}

EDGES: dict[str, Edge] = {
    "tril of what is not finite": (lambda m, x: m.tril(x), ([[NAN, INF, NAN], [-INF, NAN, INF]],), 1),
    "triu of what is not finite": (lambda m, x: m.triu(x, 1), ([[NAN, INF, NAN], [-INF, NAN, INF]],), 1),
    "tril of nothing": (lambda m, x: m.tril(x), (np.zeros((2, 0)),), 1),
    "triu of -0": (lambda m, x: 1 / m.triu(x), ([[-0.0, -0.0], [-0.0, -0.0]],), 0),
    "diag of nothing": (lambda m, x: m.diag(x, 1), ([],), 1),
    "diagonal of nothing": (lambda m, x: m.diagonal(x), (np.zeros((0, 3)),), 1),
    "flip of nothing": (lambda m, x: m.flip(x, (0,)), (np.zeros((0, 3)),), 1),
    "roll of nothing": (lambda m, x: m.roll(x, 1, 0), (np.zeros((0, 3)),), 1),
    "windows of nothing": (lambda m, x: x.unfold(0, 0, 1), ([1.0, 2.0],), 0),
    "windows with a rest": (lambda m, x: x.unfold(0, 2, 3), ([1.0, 2.0, 3.0, 4.0],), 2),
}
