//! Reads the settings and does what the command says; nothing else.

use std::process::ExitCode;

use actix_web::rt::System;
use mandate_api::settings::{Cli, Command, Settings, service_variables};
use mandate_api::{command, demo, logging, openapi, serve};

fn main() -> ExitCode {
    let cli = Cli::from_matches(&Cli::definition().get_matches()).unwrap_or_else(|error| error.exit());
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("mandate: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<(), String> {
    match cli.command.unwrap_or_default() {
        Command::Serve => System::new().block_on(serve::run(settings(cli)?)),
        Command::Demo => System::new().block_on(demo::run(settings(cli)?)),
        Command::Migrate => command::migrate(&settings(cli)?),
        Command::Openapi => command::print(&openapi::yaml()),
        Command::CheckConfig => command::check_config(&settings(cli)?),
        Command::RotateKeys => command::rotate_keys(&settings(cli)?),
        Command::VerifyJournal => command::verify_journal(&settings(cli)?),
    }
}

/// The settings; from here on, what happens is logged as they say.
fn settings(cli: &Cli) -> Result<Settings, String> {
    let settings = Settings::read(&cli.options, std::env::vars_os()).map_err(|problems| problems.to_string())?;
    logging::start(&settings).map_err(|error| error.to_string())?;
    let ignored = service_variables(std::env::vars_os());
    if !ignored.is_empty() {
        tracing::info!(
            variables = ignored.join(","),
            "what Kubernetes says of services named like this program is ignored"
        );
    }
    Ok(settings)
}
