//! The README names files; they must exist.

use std::path::Path;

#[test]
fn the_files_it_names_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let words = readme.split('`').filter(|word| word.ends_with(".rs") && !word.contains(' '));
    let files: Vec<_> = words.filter(|word| !word.starts_with("tests/")).collect();
    assert!(files.len() > 10, "{files:?}");
    for file in files {
        assert!(root.join("src").join(file).is_file(), "{file}");
    }
}
