//! Tells the compiler which web app to embed: `web/dist` if `cargo xtask web` has made it, else one page that
//! says how to make it.

use std::{env, error::Error, fs, path::PathBuf};

const MISSING: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Bongsu</title>\
<h1>봉수 Bongsu</h1><p>The web app was not built into this binary. Run <code>cargo xtask web</code> and \
compile again. The API works: <a href=\"/api/openapi.json\">/api/openapi.json</a></p></html>\n";

fn main() -> Result<(), Box<dyn Error>> {
    let dist = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("web/dist");
    println!("cargo::rerun-if-changed={}", dist.display());
    let web = if dist.join("index.html").is_file() {
        dist
    } else {
        let substitute = PathBuf::from(env::var("OUT_DIR")?).join("web");
        fs::create_dir_all(&substitute)?;
        fs::write(substitute.join("index.html"), MISSING)?;
        // A path that is never there makes cargo look again each time, also for a dist restored with old dates.
        println!(
            "cargo::rerun-if-changed={}",
            substitute.join("never").display()
        );
        substitute
    };
    println!("cargo::rustc-env=BONGSU_DASHBOARD_WEB={}", web.display());
    Ok(())
}
