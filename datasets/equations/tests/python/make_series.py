"""Writes one series, u = (sin t, 2 cos t), in every way that Python users write it."""

import sys
from pathlib import Path

import h5py
import numpy as np
import pandas
import xarray

folder = Path(sys.argv[1])
time = np.linspace(0.0, 5.0, 50)
values = np.stack([np.sin(time), 2.0 * np.cos(time)], axis=1)
table = np.column_stack([time, values])

np.save(folder / "f8.npy", table)
np.save(folder / "f4.npy", table.astype(np.float32))
np.save(folder / "fortran.npy", np.asfortranarray(table))
np.save(folder / "big.npy", table.astype(">f8"))
pelts = np.array([[0, 30, 4], [1, 47, 6], [2, 70, 9]])
np.save(folder / "pelts_i8.npy", pelts)
np.save(folder / "pelts_u1.npy", pelts.astype(np.uint8))
np.save(folder / "pelts_i2_big.npy", pelts.astype(">i2"))

with h5py.File(folder / "a.h5", "w") as file:
    file["time"] = time
    file.create_dataset("values", data=values.astype(np.float32), chunks=(10, 2), compression="gzip")
    file["component"] = ["sine", "cosine"]
    file["inner/series/time"] = time
    file["inner/series/values"] = values
    file.create_dataset("table", data=table, compression="lzf")

dataset = xarray.Dataset(
    {"values": (("time", "component"), values)},
    {"time": time, "component": ["sine", "cosine"]},
)
dataset.to_netcdf(folder / "xarray.nc", engine="h5netcdf")
dataset["values"].drop_vars("component").to_netcdf(folder / "classic.nc", engine="scipy")

table = pandas.DataFrame({"Hare": [30, 40, 50.5], "Lynx": [4, 6, 9], "time": [1900, 1901, 1902]})
table.to_csv(folder / "index.csv")
table.to_csv(folder / "semicolons.csv", sep=";", index=False)
(table / [60, 1, 1]).to_csv(folder / "commas.csv", sep=";", decimal=",")
summary = pandas.DataFrame({"mean": [3, 2, 4], "min": [1, 2, 3], "max": [9, 8, 9]})
summary.to_csv(folder / "min_max.csv")
