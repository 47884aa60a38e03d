//! Rebuilds when a migration or a recipe is added: both are compiled in.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed=recipes");
}
