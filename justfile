# What a contributor repeats. `just` lists it; each line also works by itself.

default:
    @just --list

# The gate: must pass before a change lands
gate:
    bash .ci/run

# The night, or some of its steps
night *STEPS:
    bash .ci/nightly {{STEPS}}

# One property
test NAME:
    cargo test --test properties -- {{NAME}}

# Format and lint
lint:
    cargo fmt
    cargo clippy --workspace --all-targets

# Measure what the catalogue kills, and write the generated tables
measure:
    cargo run --bin measure

# The generated tables alone
tables:
    cargo run --bin measure -- --docs

# Accept changed snapshots
snapshots:
    INSTA_UPDATE=always cargo test --test properties

# The book, in target/book/html
book:
    docs/build
