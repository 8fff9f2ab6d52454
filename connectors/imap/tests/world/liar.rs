//! A mail server that repeats what it was told at login, where and how it is told to. Own file because it is a server of its own, in a thread, on
//! loopback.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};

/// When it refuses, and how: the beginning of the answer, without the tag.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refuses {
    Login(&'static str),
    /// The first command behind a login that it lets pass.
    Behind(&'static str),
}

/// Starts one that offers these capabilities; its port.
pub(crate) fn start(offers: &'static str, refuses: Refuses) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A caller that goes away in the middle is its own fault.
            let _ = serve(stream, offers, refuses);
        }
    });
    port
}

fn serve(stream: TcpStream, offers: &str, refuses: Refuses) -> io::Result<()> {
    let mut out = stream.try_clone()?;
    let mut lines = BufReader::new(stream).lines();
    write!(out, "* OK [CAPABILITY IMAP4rev1 {offers}] hello\r\n")?;
    let mut told = String::new();
    while let Some(line) = lines.next().transpose()? {
        let (tag, command) = line.split_once(' ').unwrap_or((&line, ""));
        let login = command.starts_with("AUTHENTICATE ") || command.starts_with("LOGIN ");
        if command.starts_with("AUTHENTICATE ") {
            write!(out, "+ \r\n")?;
            let answer = lines.next().transpose()?.unwrap_or_default();
            let plain = String::from_utf8_lossy(&STANDARD.decode(&answer).unwrap_or_default()).into_owned();
            let secret = match plain.split_once("Bearer ") {
                Some((_, token)) => token.trim_end_matches('\x01'),
                None => plain.rsplit('\0').next().unwrap_or_default(),
            };
            told = format!("{answer} {secret} {}", STANDARD.encode(secret));
        } else if login {
            told = command.to_owned();
        }
        match refuses {
            Refuses::Login(how) if login => answer(&mut out, tag, how, &told)?,
            Refuses::Behind(how) if !login => answer(&mut out, tag, how, &told)?,
            _ => write!(out, "{tag} OK done\r\n")?,
        }
    }
    Ok(())
}

/// A farewell ends the session, anything else a command.
fn answer(out: &mut TcpStream, tag: &str, how: &str, told: &str) -> io::Result<()> {
    if how != "BYE" {
        return write!(out, "{tag} {how} you said {told}\r\n");
    }
    write!(out, "* BYE you said {told}\r\n")?;
    out.shutdown(std::net::Shutdown::Both)
}
