//! How fast secrets are tried, beside the bare HMAC on every core: `cargo run --release -p probity-audit --example hmac_rate`.

use std::io::Write;
use std::thread;

use aws_lc_rs::hmac;
use probity_audit::Place;
use probity_audit::evidence::{Token, to_base64url};
use probity_audit::secrets::{Search, Wordlist, each_variant};

/// Candidates of a run.
const COUNT: u64 = 10_000_000;

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let input = format!(
        "{}.{}",
        to_base64url(br#"{"alg":"HS256","typ":"JWT"}"#),
        to_base64url(br#"{"iss":"https://issuer.example","sub":"1234567890","aud":"https://api.example","iat":1700000000,"exp":1700000300}"#)
    );
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"no candidate is this"), input.as_bytes());
    let token = Token::parse(&format!("{input}.{}", to_base64url(tag.as_ref())), Place::default()).ok_or("no token")?;
    let threads = u64::try_from(thread::available_parallelism()?.get())?;

    let started = std::time::Instant::now();
    let hits: usize = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|worker| {
                let (input, tag) = (input.as_bytes(), tag.as_ref());
                scope.spawn(move || {
                    let mine = (worker..COUNT).step_by(usize::try_from(threads).unwrap_or(1));
                    mine.filter(|number| {
                        let mut secret = *b"candidate-00000000";
                        let (_, digits) = secret.split_at_mut(10);
                        let mut rest = *number;
                        for digit in digits.iter_mut().rev() {
                            *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
                            rest /= 10;
                        }
                        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), input).as_ref() == tag
                    })
                    .count()
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap_or(0)).sum()
    });
    let raw = started.elapsed();

    let path = std::env::temp_dir().join("probity-hmac-rate.txt");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path)?);
    for number in 0..COUNT {
        writeln!(file, "candidate-{number:08}")?;
    }
    file.flush()?;
    let started = std::time::Instant::now();
    let (hit, tried) = Wordlist::open(&path)?.search(&Search::new(&[token]), &|_| {})?;
    let ours = started.elapsed();
    std::fs::remove_file(&path)?;

    println!("{threads} threads, {COUNT} candidates, hits {hits} and {}", usize::from(hit.is_some()));
    println!("bare HMAC  {:.2} s", raw.as_secs_f64());
    // Each of these words is also what base64url decodes it to, so that two keys are tried for a line.
    let mut keys_of_a_line = 0u32;
    each_variant(b"candidate-00000000", &mut |_, _| {
        keys_of_a_line += 1;
        None::<()>
    });
    let rate = raw.as_secs_f64() * f64::from(keys_of_a_line) / ours.as_secs_f64();
    println!(
        "word list  {:.2} s, {tried} lines of {keys_of_a_line} keys: {:.0} % of bare HMAC for as many keys",
        ours.as_secs_f64(),
        100.0 * rate
    );
    Ok(())
}
