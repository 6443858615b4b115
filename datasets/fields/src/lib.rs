//! Flow fields in files: npy, HDF5 and NetCDF, read snapshot by snapshot and written so that a kill loses nothing.
