//! PEM (RFC 7468): DER in base64 between two lines that say what it is.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::limits::MAX_PEM_BYTES;

/// The first block of a text: its label and its bytes.
///
/// `EC PARAMETERS`, which some tools write before a private key and which repeats what stands in it, is passed over.
pub(crate) fn read(text: &str) -> Result<(&str, Zeroizing<Vec<u8>>), Error> {
    if text.len() > MAX_PEM_BYTES {
        return Err(Error::Pem);
    }
    let mut rest = text;
    loop {
        let (label, body, after) = block(rest).ok_or(Error::Pem)?;
        if label != "EC PARAMETERS" {
            return Ok((label, decode(body)?));
        }
        rest = after;
    }
}

/// Writes a block with lines of 64 characters.
pub(crate) fn write(label: &str, der: &[u8]) -> Zeroizing<String> {
    let body = Zeroizing::new(STANDARD.encode(der));
    let mut text = Zeroizing::new(String::with_capacity(body.len() + body.len() / LINE + 2 * label.len() + 40));
    let mut push = |part: &str| text.push_str(part);
    for part in ["-----BEGIN ", label, "-----\n"] {
        push(part);
    }
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at_checked(LINE).unwrap_or((rest, ""));
        push(line);
        push("\n");
        rest = after;
    }
    for part in ["-----END ", label, "-----\n"] {
        push(part);
    }
    text
}

/// Label, body and what follows.
fn block(text: &str) -> Option<(&str, &str, &str)> {
    let (_, rest) = text.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, rest) = rest.split_once("-----END ")?;
    let after = rest.strip_prefix(label)?.strip_prefix("-----")?;
    Some((label, body, after))
}

fn decode(body: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut joined = Zeroizing::new(String::with_capacity(body.len()));
    body.lines().for_each(|line| joined.push_str(line.trim_ascii()));
    STANDARD.decode(joined.as_str()).map(Zeroizing::new).map_err(|_| Error::Pem)
}

const LINE: usize = 64;
