"""onnxruntime: the forward pass as an ONNX model, for inference alone."""

from __future__ import annotations

import os

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from benchmarks.cases import Array, Case, Problem
from benchmarks.contenders import Trainer


def predict(problem: Problem) -> Trainer:
    """From a NumPy array to a NumPy array, through a session with as many threads as all have."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", "0"))
    model = exported(problem.case, problem.state_dict())
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    inputs = [x for x, _ in problem.batches]
    count = len(inputs)

    def step(i: int) -> Array:
        found: list[Array] = session.run(None, {"x": inputs[i % count]})
        return found[0]

    return Trainer(step, lambda: [np.array(step(0))])


def exported(case: Case, state: dict[str, Array]) -> bytes:
    """The model in ONNX's form: Gemm and Relu, in turn."""
    nodes, name = [], "x"
    for i, (kind, _) in enumerate(case.modules()):
        result = f"h{i}"
        if kind == "Linear":
            nodes.append(helper.make_node("Gemm", [name, f"{i}.weight", f"{i}.bias"], [result], transB=1))
        else:
            nodes.append(helper.make_node("Relu", [name], [result]))
        name = result
    ends = [("x", case.layers[0]), (name, case.layers[-1])]
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [case.batch, width]) for n, width in ends)
    weights = [numpy_helper.from_array(array, key) for key, array in state.items()]
    graph = helper.make_graph(nodes, case.name, [x], [y], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    serialized: bytes = model.SerializeToString()
    return serialized
