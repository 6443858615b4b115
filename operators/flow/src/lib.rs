//! Neural operators that advance a flow field: IFactFormer-m and IFactFormer-o.
