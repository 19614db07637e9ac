//! Cases with every kind of change, against the gate that GATECRASH_GATE names.
//! The gate does what the oracle permits.
#![no_main]

gatecrash::fuzz!(exhibits = gatecrash_gallery::exhibits(), target = Case);
