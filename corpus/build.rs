//! Has the crate built anew when an attack is added: the embedding macro sees files, not folders.

fn main() {
    println!("cargo::rerun-if-changed=attacks");
    println!("cargo::rerun-if-changed=mappings");
}
