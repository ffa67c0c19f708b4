"""Conversion of dtypes, and questions about them: what is compared with PyTorch."""

from itertools import combinations_with_replacement, product

import numpy as np

from tests.conformance.surface.form import Case, Edge

NAMES = ("float16", "float32", "float64", "uint8", "int8", "int16", "int32", "int64", "bool")


def said(dtype):
    return str(dtype).removeprefix("torch.")


def attempted(call, otherwise):
    """What a call gives, or a Tensor in its place where there is no such device or dtype here."""
    try:
        return call()
    except (RuntimeError, AssertionError):
        return otherwise


CASES: dict[str, Case] = {
    "float": lambda m, i: i.float(),
    "double": lambda m, x: x.double() ** 2,
    "half": lambda m, x: x.half(),
    "long": lambda m, x: x.long(),
    "int": lambda m, x: x.int(),
    "bool": lambda m, z: z.bool(),
    "short": lambda m, i: i.short(),
    "byte": lambda m, b: b.byte(),
    "char": lambda m, u: u.char(),
    "to dtype": lambda m, x: x.to(m.float64),
    "to dtype copy": lambda m, x: x.to(m.float32, copy=True) ** 2,
    "to dtype positions": lambda m, x: x.to(m.float64, False, True),
    "to device": lambda m, x: x.to("cpu"),
    "to device and dtype": lambda m, x: x.to("cpu", m.float64),
    "to a device and dtype": lambda m, x: x.to(m.device("cpu"), m.float64, False, copy=True),
    "to keyword": lambda m, x: x.to(device="cpu", dtype=m.float16),
    "to other": lambda m, i, d: i.to(d),
    "to other copy": lambda m, i, d: i.to(d, non_blocking=True, copy=True),
    "to bytes": lambda m, b: b.to(m.uint8),
    "to half and back": lambda m, x: x.to(m.float16).to(m.float32) ** 2,
    "type_as": lambda m, i, x: i.type_as(x),
    "type": lambda m, x: x.type(m.float64) ** 2,
    "type name": lambda m, x, h, u, b, i: (*[t.type() for t in (h, u, b, i, i.short(), i.char(), i.int())], x),
    "type of a name": lambda m, i: i.type("torch.DoubleTensor"),
    "clone": lambda m, x: m.clone(x) ** 2,
    "clone of a transpose": lambda m, x: x.t().clone(),
    "contiguous": lambda m, x: x.t().contiguous() ** 2,
    "contiguous view": lambda m, k: k.permute(2, 0, 1).contiguous().view(-1) ** 2,
    "contiguous format": lambda m, x: x.t().contiguous(memory_format=m.contiguous_format),
    "clone format": lambda m, x: x.clone(memory_format=m.preserve_format),
    "formats": lambda m, x, z: (
        *[getattr(z, t)(memory_format=m.preserve_format) for t in ("bool", "byte", "char", "short", "int", "long")],
        *[getattr(x, t)(memory_format=m.preserve_format) for t in ("half", "float", "double", "cpu")],
    ),
    "cuda": lambda m, x: attempted(lambda: x.cuda(), x),
    "bfloat16": lambda m, x: (attempted(lambda: x.bfloat16(memory_format=m.preserve_format), x) * 0).to(x.dtype),
    "contiguous already": lambda m, x: x.contiguous(),
    "cpu": lambda m, x: x.cpu(),
    "item": lambda m, s: (s.item(), s),
    "tolist": lambda m, i: (i.tolist(), i),
    "numpy": lambda m, i: (i.numpy().tolist(), i),
    "numpy force": lambda m, x: (x.numpy(force=True).tolist(), x),
    "view dtype": lambda m, i: i.view(m.float64).view(m.int64),
    "view dtype keyword": lambda m, i: i.view(dtype=m.uint8),
    "view bytes": lambda m, i: i.view(m.uint8),
    "is_floating_point": lambda m, x, i: (m.is_floating_point(x), i.is_floating_point(), x),
    "is_complex": lambda m, x: (m.is_complex(x), x.is_complex(), x),
    "is_signed": lambda m, x, i, u, b: (*[t.is_signed() for t in (x, i, u, b)], m.is_signed(u), x),
    "is_nonzero": lambda m, s: (m.is_nonzero(s), s.is_nonzero(), s),
    "is_same_size": lambda m, x, y, d, r: (m.is_same_size(x, other=y), x.is_same_size(r), x),
    "is_tensor": lambda m, x: (m.is_tensor(x), m.is_tensor(1), x),
    "numel": lambda m, k: (m.numel(k), k.numel(), k.nelement(), k),
    "size": lambda m, k: (tuple(k.size()), k.size(1), k.size(dim=-1), k),
    "dim": lambda m, k: (k.dim(), k.ndimension(), k.ndim, k),
    "stride": lambda m, k: (k.stride(), k.t().stride() if k.ndim == 2 else k.mT.stride(), k.stride(dim=-1), k),
    "storage_offset": lambda m, k: (k.storage_offset(), k[1, :, 2:].storage_offset(), k.mT[1, 2].storage_offset(), k),
    "is_contiguous": lambda m, k: (k.is_contiguous(), k.mT.is_contiguous(), k),
    "is_contiguous format": lambda m, k: (k[0].is_contiguous(memory_format=m.contiguous_format), k),
    "element_size": lambda m, k, i32, h: (k.detach().element_size(), i32.element_size(), h.itemsize, h.nbytes, k),
    "get_device": lambda m, x: (x.get_device(), x.is_cpu, x.is_cuda, x),
    "data_ptr": lambda m, x: (x[1].data_ptr() - x.data_ptr(), x),
    "promote_types": lambda m: tuple(
        said(m.promote_types(getattr(m, a), getattr(m, b))) for a, b in combinations_with_replacement(NAMES, 2)
    ),
    "can_cast": lambda m: tuple(m.can_cast(getattr(m, a), getattr(m, b)) for a, b in product(NAMES, NAMES)),
    "can_cast keywords": lambda m: (m.can_cast(from_=m.int8, to=m.uint8),),
    "result_type": lambda m, x, i, b, s, h: (
        *[said(m.result_type(p, q)) for p, q in [(i, 1.5), (h, 1.5), (i, True), (b, 2)]],
        *[said(m.result_type(p, q)) for p, q in [(i, s), (h, s), (s, 1.5), (1, 2)]],
        x,
    ),
    "finfo": lambda m: tuple(
        getattr(m.finfo(getattr(m, d)), n)
        for d in NAMES[:3]
        for n in ("bits", "min", "max", "eps", "tiny", "smallest_normal", "resolution", "dtype")
    ),
    "iinfo": lambda m: tuple(
        getattr(m.iinfo(getattr(m, d)), n) for d in NAMES[3:8] for n in ("bits", "min", "max", "dtype")
    ),
}  # fmt: skip

EDGES: dict[str, Edge] = {
    "integers of floats out of their range": (lambda m, x: x.to(m.int64).to(m.bool), ([0.5, -0.5, 3.9, -3.9],), 0),
    "half of what it cannot hold": (lambda m, x: x.half(), ([1e6, -1e6, 1e-9, np.nan],), 0),
    "bool of nan": (lambda m, x: x.bool(), ([np.nan, np.inf, 0.0, -0.0],), 0),
    "an item of shape 1": (lambda m, x: (x.item(),), ([[2.5]],), 0),
}
