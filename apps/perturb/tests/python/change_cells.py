"""What people do to a file with anndata: python change_cells.py FILE OUTPUT "data.obs['a'] = 1"; without OUTPUT (-) it is looked at:
python change_cells.py FILE - "assert data.n_obs == 3"."""

import sys
import warnings

import anndata

warnings.simplefilter("ignore")
source, output, code = sys.argv[1:]
data = anndata.read_h5ad(source)
exec(code)
if output != "-":
    data.write_h5ad(output)
