//! The operations of PATCH.

/// One operation, its shape checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {}

/// What came of a PATCH.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patched {}
