//! What the fuzzers start from and what they have found, on every run.

use std::fs;
use std::path::Path;

use probity_jose::fuzzing;

type Target = fn(&[u8]);

/// Replays a target's corpus; how many inputs there were.
fn replay(target: &str, run: Target) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let inputs = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    inputs.map(|input| run(&fs::read(input.unwrap().path()).unwrap())).count()
}

#[test]
fn every_input_of_the_fuzzers_keeps_what_is_asserted_of_any_bytes() {
    let targets: [(&str, Target); 8] = [
        ("json", fuzzing::json),
        ("base64", fuzzing::base64),
        ("jwk", fuzzing::jwk),
        ("jwk_set", fuzzing::jwk_set),
        ("der", fuzzing::der),
        ("jws", fuzzing::jws),
        ("jwt", fuzzing::jwt),
        ("jwe", fuzzing::jwe),
    ];
    for (target, run) in targets {
        assert!(replay(target, run) > 0, "{target} has no corpus");
    }
}

#[test]
fn a_target_runs_for_each_function_and_each_has_a_corpus() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let names = |folder: &str| {
        let entries = fs::read_dir(fuzz.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        let mut names: Vec<_> = entries.map(|path| path.file_stem().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(names("fuzz_targets"), names("corpus"));
}
