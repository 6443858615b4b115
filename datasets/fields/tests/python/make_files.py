"""Writes the same field by every library that others use: python make_files.py FOLDER."""

import sys
from pathlib import Path

import h5py
import netCDF4
import numpy as np
import xarray as xr

folder = Path(sys.argv[1])
DIMS = ("trajectory", "time", "x", "y", "z", "component")
SHAPE = (2, 3, 4, 3, 2, 3)
field = np.arange(np.prod(SHAPE), dtype="f4").reshape(SHAPE)
coordinates = {
    "time": np.arange(3) * 0.25,
    "x": np.arange(4) * 0.5,
    "y": np.arange(3) * 0.5,
    "z": np.arange(2) * 0.5,
}
names = ["u", "v", "w"]

for kind in ("<f4", ">f4", "<f8", ">f8"):
    for order in "CF":
        label = kind.replace("<", "le_").replace(">", "be_")
        np.save(folder / f"numpy_{label}_{order}.npy", np.asarray(field, dtype=kind, order=order))
np.save(folder / "numpy_rank5.npy", field[0])
np.save(folder / "numpy_rank4.npy", np.asfortranarray(field[0, 0]))

for label, kind, options, text in (
    ("plain", "<f4", {}, h5py.string_dtype()),
    ("big", ">f8", {}, h5py.string_dtype(length=3)),
    ("gzip", "<f4", {"chunks": (1, 2, 4, 3, 2, 3), "compression": "gzip", "shuffle": True}, "S3"),
    ("lzf", "<f8", {"compression": "lzf"}, h5py.string_dtype("ascii")),
):
    with h5py.File(folder / f"h5py_{label}.h5", "w") as file:
        file.create_dataset("velocity", data=field.astype(kind), **options)
        for name, values in coordinates.items():
            file[name] = values
        file.create_dataset("component", data=np.array(names, dtype=text if text == "S3" else object), dtype=text)
        file.attrs["Re_tau"] = 180.0
        file.attrs["seed"] = 7
        file.attrs["model"] = "name" if label != "gzip" else np.bytes_("name")
        file.create_group("deep")["other"] = field.astype(kind)

data = xr.Dataset(
    {"velocity": (DIMS, field)},
    coords={**{n: (n, v) for n, v in coordinates.items()}, "component": ("component", names)},
    attrs={"Re_tau": 180.0, "seed": 7, "model": "name"},
)
for engine in ("netcdf4", "h5netcdf"):
    for ending in ("nc", "h5"):
        data.to_netcdf(folder / f"xarray_{engine}.{ending}", engine=engine)

for form in ("NETCDF4", "NETCDF4_CLASSIC", "NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA"):
    with netCDF4.Dataset(folder / f"netcdf_{form}.nc", "w", format=form) as file:
        for name, size in zip(DIMS, SHAPE):
            file.createDimension(name, size)
        file.createVariable("velocity", "f8" if form.endswith("CLASSIC") else "f4", DIMS)[:] = field
        for name, values in coordinates.items():
            file.createVariable(name, "f8", (name,))[:] = values
        if form == "NETCDF4":
            file.createVariable("component", str, ("component",))[:] = np.array(names, dtype=object)
        elif form.startswith("NETCDF3"):
            file.createDimension("letters", 3)
            file.createVariable("component", "S1", ("component", "letters"))[:] = netCDF4.stringtochar(
                np.array(names, dtype="S3")
            )
        file.Re_tau, file.seed, file.model = 180.0, np.int32(7), "name"

# As most codes write them: a variable for each component, units, and axes in whatever order.
others = folder / "others"
others.mkdir()
units = {"time": "s", "x": "m", "y": "m", "z": "m"}
axes = {name: (name, values, {"units": units[name]}) for name, values in coordinates.items()}
separate = xr.Dataset(
    {name: (DIMS[:-1], field[..., i], {"units": "m/s"}) for i, name in enumerate(names)}, coords=axes
)
turned = data.transpose("trajectory", "time", "z", "y", "x", "component")
for engine, form in (("netcdf4", "NETCDF4"), ("h5netcdf", "NETCDF4"), ("netcdf4", "NETCDF3_CLASSIC")):
    separate.to_netcdf(others / f"separate_{engine}_{form}.nc", engine=engine, format=form)
    separate.isel(trajectory=0).to_netcdf(others / f"alone_{engine}_{form}.nc", engine=engine, format=form)
    turned.drop_vars("component").to_netcdf(others / f"turned_{engine}_{form}.nc", engine=engine, format=form)

# Axes that have labels but no scales.
with h5py.File(others / "turned_h5py_labels.h5", "w") as file:
    velocity = file.create_dataset("velocity", data=turned["velocity"].values)
    for axis, name in zip(velocity.dims, turned["velocity"].dims):
        axis.label = name
with h5py.File(others / "partly_h5py_labels.h5", "w") as file:
    file.create_dataset("velocity", data=field).dims[2].label = "x"
