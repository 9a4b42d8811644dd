"""Store the weights of an ONNX model in 8 bits, in a quarter of the space."""

import numpy as np
import onnx
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

# Smaller matrices are left as they are.
SMALLEST = 10_000
LARGEST_INTEGER = 127


def store_in_eight_bits(model: ModelProto) -> None:
    """Replace each large matrix of a model by integers, with a scale for each column or row.

    Only what is stored has 8 bits: the runtime turns matrices back into 32 bits when it loads the
    model, and rows of embeddings when it looks them up. To compute in 8 bits too, as
    `quantize_dynamic` has it, is faster; but the probabilities of notebook 07's model then differ
    four times as much from those in 32 bits.

    Args:
        model: the model, which is changed.
    """
    graph = model.graph
    tables = embedding_tables(graph)
    nodes: list[NodeProto] = []
    for tensor in list(graph.initializer):
        if is_large_matrix(tensor):
            graph.initializer.remove(tensor)
            graph.initializer.extend(in_eight_bits(tensor, by_row=tensor.name in tables))
            if tensor.name not in tables:
                nodes += in_thirty_two_bits(tensor.name)
    for node in graph.node:
        is_look_up = node.op_type == "Gather" and node.input[0] in tables
        nodes += looked_up(node) if is_look_up else [node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)


def is_large_matrix(tensor: TensorProto) -> bool:
    """Say whether a tensor is worth storing in 8 bits."""
    is_matrix = len(tensor.dims) == 2 and tensor.data_type == TensorProto.FLOAT
    return is_matrix and np.prod(tensor.dims) >= SMALLEST


def embedding_tables(graph: GraphProto) -> set[str]:
    """Return the names of the large matrices of which only rows are looked up."""
    found = {tensor.name for tensor in graph.initializer if is_large_matrix(tensor)}
    for node in graph.node:
        axis = [attribute.i for attribute in node.attribute if attribute.name == "axis"]
        if node.op_type == "Gather" and axis in ([], [0]):
            found -= set(node.input[1:])
        else:
            found -= set(node.input)
    return found


def in_eight_bits(tensor: TensorProto, by_row: bool) -> list[TensorProto]:
    """Return the integers of a matrix, and the scales that they are multiplied by."""
    matrix = numpy_helper.to_array(tensor)
    largest = np.abs(matrix).max(axis=int(by_row), keepdims=True)
    scales = np.where(largest == 0, 1, largest / LARGEST_INTEGER).astype(np.float32)
    integers = np.round(matrix / scales).astype(np.int8)
    return [
        numpy_helper.from_array(integers, f"{tensor.name}:integers"),
        numpy_helper.from_array(scales, f"{tensor.name}:scales"),
    ]


def in_thirty_two_bits(name: str) -> list[NodeProto]:
    """Return the nodes that multiply the integers of a name by its scales."""
    return [
        helper.make_node("Cast", [f"{name}:integers"], [f"{name}:floats"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{name}:floats", f"{name}:scales"], [name]),
    ]


def looked_up(node: NodeProto) -> list[NodeProto]:
    """Return the nodes that do what a `Gather` of rows did, from integers and scales."""
    (table, ids), (rows,) = node.input, node.output
    gathered = [
        helper.make_node("Gather", [f"{table}:{part}", ids], [f"{rows}:{part}"])
        for part in ("integers", "scales")
    ]
    return gathered + in_thirty_two_bits(rows)
