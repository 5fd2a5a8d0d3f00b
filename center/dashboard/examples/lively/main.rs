//! Serves the dashboard with a made-up fleet on 127.0.0.1:8080, for working on the page.

mod fleet;

use std::{error::Error, sync::Arc, time::SystemTime};

use bongsu_center_control::{Config as ControlConfig, Control};
use bongsu_center_dashboard::{Config, bind};
use bongsu_sdk_config::{Faults, Section};
use bongsu_sdk_model::{Clock, Timestamp};

use crate::fleet::Fleet;

struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where this program reads the clock"
    )]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_ms(0).plus(since)
    }
}

#[tokio::main]
#[expect(
    clippy::print_stdout,
    reason = "the address is what this program has to say"
)]
async fn main() -> Result<(), Box<dyn Error>> {
    let bind_to = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let faults = Faults::default();
    let config = format!("bind = \"{bind_to}\"\nopen = true");
    let config = Config::read(Section::parse(&config, &faults));
    let folder = std::env::temp_dir().join(format!("bongsu-lively-{}", std::process::id()));
    let control = Control::open(&folder, ControlConfig::default())?;
    let handle = bind(
        config,
        Arc::new(Fleet::new()),
        Arc::new(control),
        Arc::default(),
        Arc::new(SystemClock),
    )
    .await?;
    println!("http://{}", handle.addr());
    tokio::signal::ctrl_c().await?;
    handle.shutdown().await;
    std::fs::remove_dir_all(folder)?;
    Ok(())
}
