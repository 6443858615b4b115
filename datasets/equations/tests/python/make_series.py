"""Writes one series, u = (sin t, 2 cos t), in every way that Python users write it."""

import sys
from pathlib import Path

import h5py
import numpy as np

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
