//! Nothing: the judge is a test, and the table a binary.
