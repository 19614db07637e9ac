//! Cases of several steps, against the gate that GATECRASH_GATE names.
//! The gate does what the oracle permits, whatever came before.
#![no_main]

gatecrash::fuzz!(exhibits = gatecrash_gallery::exhibits(), target = Sequence);
