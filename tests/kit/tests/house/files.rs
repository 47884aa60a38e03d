//! Sizes and names of files.

use crate::tree::{Text, none, texts};

const CODE: [&str; 5] = ["rs", "ts", "tsx", "sql", "proto"];
const FOLDERS: [&str; 3] = ["proto", "services", "tests"];

/// No file is longer.
const LIMIT: usize = 800;
/// Few files are longer.
const LARGE: usize = 500;
/// One in so many files may be large.
const ONE_IN: usize = 20;

/// Names that say nothing.
const EMPTY_NAMES: [&str; 11] = [
    "common",
    "helper",
    "helpers",
    "manager",
    "managers",
    "misc",
    "processor",
    "shared",
    "stuff",
    "util",
    "utils",
];

/// A table of cases is read line by line, not as a whole.
fn is_table_of_cases(file: &Text) -> bool {
    file.path.components().any(|part| {
        let name = part.as_os_str().to_string_lossy();
        name == "cases" || name == "cases.rs"
    })
}

#[test]
fn no_file_is_longer_than_800_lines_and_few_are_longer_than_500() {
    let files: Vec<Text> = texts(&FOLDERS, &CODE)
        .into_iter()
        .filter(|file| !is_table_of_cases(file))
        .collect();
    assert!(
        files.len() > 50,
        "the files are not where they are looked for"
    );
    let describe = |file: &Text| format!("{}: {} lines", file.path.display(), file.lines());
    let too_long: Vec<String> = files
        .iter()
        .filter(|file| file.lines() > LIMIT)
        .map(describe)
        .collect();
    none(&too_long);
    let large: Vec<String> = files
        .iter()
        .filter(|file| file.lines() > LARGE)
        .map(describe)
        .collect();
    assert!(
        large.len() * ONE_IN <= files.len(),
        "more than one file in {ONE_IN} is longer than {LARGE} lines:\n{}",
        large.join("\n")
    );
}

#[test]
fn names_of_files_and_folders_say_what_is_inside() {
    let complaints: Vec<String> = texts(
        &FOLDERS,
        &["rs", "ts", "tsx", "sql", "proto", "py", "md", "yaml"],
    )
    .iter()
    .filter(|file| {
        let says_nothing = |name: &str| EMPTY_NAMES.contains(&name);
        let folders = file
            .path
            .parent()
            .into_iter()
            .flat_map(|folder| folder.components());
        says_nothing(file.stem())
            || folders
                .into_iter()
                .any(|part| says_nothing(&part.as_os_str().to_string_lossy()))
    })
    .map(|file| format!("{}: name it after what is inside", file.path.display()))
    .collect();
    none(&complaints);
}
