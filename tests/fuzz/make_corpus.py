"""Makes the files that the hostile inputs are mutations of: python make_corpus.py FOLDER, with the users' libraries (RHEOME_PYTHON).

One small, valid file or more a target, as other programs write them. What Rheome itself writes is made by the programs: see README.md.
"""

import collections
import io
import json
import pickle
import struct
import sys
import types
import zipfile
from pathlib import Path

import anndata
import h5py
import netCDF4
import numpy as np
import pandas as pd
import scipy.sparse

out = Path(sys.argv[1])


def place(target, name):
    folder = out / target
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name


rng = np.random.default_rng(1)
field = rng.normal(size=(2, 3, 4, 2, 3)).astype("f4")

np.save(place("npy", "time.npy"), field)
np.save(place("npy", "trajectories.npy"), field[None].astype("f8"))
np.save(place("npy", "fortran.npy"), np.asfortranarray(field[0].astype(">f8")))

with h5py.File(place("hdf5", "h5py.h5"), "w") as file:
    velocity = file.create_dataset("velocity", data=field, chunks=(1, 3, 4, 2, 3), compression="gzip", shuffle=True)
    for axis, (name, count) in enumerate(zip(("time", "x", "y", "z"), field.shape)):
        file[name] = np.arange(count, dtype="f8")
        file[name].make_scale(name)
        velocity.dims[axis].attach_scale(file[name])
    file.attrs["Re_tau"] = 180.0
    file.attrs["title"] = "a flow"
with h5py.File(place("hdf5", "labels.h5"), "w") as file:
    velocity = file.create_dataset("velocity", data=field)
    for axis, name in zip(velocity.dims, ("time", "x", "y", "z")):
        axis.label = name
with h5py.File(place("hdf5", "latest.h5"), "w", libver="latest") as file:
    file.create_dataset("velocity", data=field[0].astype("f8"), fletcher32=True)
with h5py.File(place("series", "series.h5"), "w") as file:
    file["time"] = np.linspace(0, 1, 5)
    file["values"] = rng.normal(size=(5, 2))
    file["component"] = ["u", "v"]
place("series", "series.csv").write_text("t,u,v\n" + "\n".join(f"{i / 4},{i * 0.5},{1 - i}" for i in range(5)) + "\n")
np.save(place("series", "series.npy"), np.column_stack([np.linspace(0, 1, 5), rng.normal(size=(5, 2))]))

for kind, target in (("NETCDF4", "netcdf"), ("NETCDF3_CLASSIC", "classic"), ("NETCDF3_64BIT_OFFSET", "classic")):
    with netCDF4.Dataset(place(target, f"{kind.lower()}.nc"), "w", format=kind) as file:
        for name, count in zip(("time", "x", "y", "z", "component"), field.shape):
            file.createDimension(name, None if name == "time" else count)
            if name != "component":
                file.createVariable(name, "f8", (name,))[:] = np.arange(count) * 0.5
        file.createVariable("velocity", "f4", ("time", "x", "y", "z", "component"))[:] = field
        file.Re_tau = 180.0
        file.title = "a flow"

cells, genes = 6, 5
for name, x in (("dense", rng.poisson(1.0, (cells, genes)).astype("f4")), ("csr", scipy.sparse.random(cells, genes, 0.5, "csr", dtype="f4"))):
    obs = pd.DataFrame({"perturbation": pd.Categorical(["control", "A", "A+B"] * 2), "count": np.arange(cells)}, index=[f"c{i}" for i in range(cells)])
    var = pd.DataFrame({"symbol": [f"G{i}" for i in range(genes)]}, index=[f"g{i}" for i in range(genes)])
    made = anndata.AnnData(x, obs=obs, var=var, uns={"log1p": {}, "list": np.array(["a", "b"])})
    made.layers["counts"] = x
    made.obsm["X_pca"] = rng.normal(size=(cells, 2))
    made.write_h5ad(place("h5ad", f"{name}.h5ad"), compression="gzip" if name == "csr" else None)

tensors = {"head.weight": np.arange(6, dtype="<f4").reshape(2, 3), "head.bias": np.zeros(2, "<f4"), "step": np.array([3], "<i8")}
header, body = {"__metadata__": {"program": "corpus"}}, b""
for name, values in tensors.items():
    kind = {"float32": "F32", "int64": "I64"}[str(values.dtype)]
    header[name] = {"dtype": kind, "shape": values.shape, "data_offsets": [len(body), len(body) + values.nbytes]}
    body += values.tobytes()
text = json.dumps(header).encode()
place("safetensors", "small.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + body)


# PyTorch's files without PyTorch: its pickler only names these functions and classes.
def module(name, **members):
    made = types.ModuleType(name)
    made.__dict__.update(members)
    sys.modules[name] = made
    for member in members.values():
        member.__module__ = name
    return made


def _rebuild_tensor_v2(*arguments):
    raise NotImplementedError


class FloatStorage:
    pass


class LongStorage:
    pass


module("torch", FloatStorage=FloatStorage, LongStorage=LongStorage)
module("torch._utils", _rebuild_tensor_v2=_rebuild_tensor_v2)


class Storage:
    def __init__(self, key, values):
        self.key, self.values = key, values


class Tensor:
    def __init__(self, key, values):
        self.storage, self.values = Storage(key, values), values

    def __reduce__(self):
        strides = tuple(s // self.values.itemsize for s in self.values.strides)
        return _rebuild_tensor_v2, (self.storage, 0, self.values.shape, strides, False, collections.OrderedDict())


class Pickler(pickle.Pickler):
    def persistent_id(self, item):
        if not isinstance(item, Storage):
            return None
        kind = LongStorage if item.values.dtype == np.int64 else FloatStorage
        return ("storage", kind, item.key, "cpu", item.values.size)


def pickled(item):
    stream = io.BytesIO()
    Pickler(stream, 2).dump(item)
    return stream.getvalue()


state = collections.OrderedDict((name, Tensor(str(i), values)) for i, (name, values) in enumerate(tensors.items()))
for name, item in (("state.pt", state), ("checkpoint.pt", {"epoch": 3, "model_state_dict": state, "optimizer": {"state": {}, "lr": 1e-3}})):
    with zipfile.ZipFile(place("pytorch", name), "w") as file:
        file.writestr("archive/data.pkl", pickled(item))
        file.writestr("archive/byteorder", "little")
        for i, values in enumerate(tensors.values()):
            file.writestr(f"archive/data/{i}", values.tobytes())
        file.writestr("archive/version", "3\n")
with open(place("pytorch", "legacy.pt"), "wb") as file:
    for part in (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}):
        pickle.dump(part, file, 2)
    file.write(pickled(state))
    pickle.dump([str(i) for i in range(len(tensors))], file, 2)
    for values in tensors.values():
        file.write(struct.pack("<q", values.size) + values.tobytes())


# A pickle that would run a command, if anything ran it.
class Command:
    def __reduce__(self):
        import os
        return os.system, ("touch executed-by-a-pickle",)


with zipfile.ZipFile(place("pytorch", "command.pt"), "w") as file:
    file.writestr("archive/data.pkl", pickled({"weights": state, "command": Command()}))
    for i, values in enumerate(tensors.values()):
        file.writestr(f"archive/data/{i}", values.tobytes())
    file.writestr("archive/version", "3\n")
