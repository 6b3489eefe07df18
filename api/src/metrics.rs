//! What operators watch, in the text form of Prometheus. No label names a tenant or a person.

use std::time::Duration;

use mandate_storage::PoolState;
use prometheus::{
    Gauge, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};

/// The upper bounds of the buckets of durations, in seconds.
const BUCKETS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The numbers of one server.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    durations: HistogramVec,
    sign_in_failures: IntCounter,
    outbox_age: Gauge,
    mail_failures: IntGaugeVec,
    pool: PoolMetrics,
}

/// The numbers of the store's connections. Totals of the store are shown as gauges that follow them.
#[derive(Debug)]
struct PoolMetrics {
    size: IntGauge,
    in_use: IntGauge,
    waits: IntGauge,
    wait_seconds: Gauge,
    timeouts: IntGauge,
}

impl Metrics {
    /// All numbers at zero.
    pub fn new() -> Self {
        Self::registered().expect("the names are valid and occur once")
    }

    fn registered() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let gauge = |name: &str, help: &str| {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            prometheus::Result::Ok(gauge)
        };
        let real = |name: &str, help: &str| {
            let gauge = Gauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            prometheus::Result::Ok(gauge)
        };
        let pool = PoolMetrics {
            size: gauge("database_connections", "Connections to the database.")?,
            in_use: gauge("database_connections_in_use", "Connections to the database that are in use.")?,
            waits: gauge("database_pool_waits_total", "How often a connection was handed out.")?,
            wait_seconds: real("database_pool_wait_seconds_total", "How long connections were waited for.")?,
            timeouts: gauge("database_pool_timeouts_total", "How often a connection was waited for in vain.")?,
        };
        let outbox_age = real("outbox_age_seconds", "How long the oldest email that is due has been waiting.")?;
        let mail_failures = IntGaugeVec::new(
            Opts::new("mail_failures_total", "How often an email did not leave, by whose fault it was."),
            &["fault"],
        )?;
        registry.register(Box::new(mail_failures.clone()))?;
        let requests =
            IntCounterVec::new(Opts::new("http_requests_total", "Requests answered."), &["method", "route", "status"])?;
        let durations = HistogramVec::new(
            HistogramOpts::new("http_request_duration_seconds", "Time until the head of the answer was ready.")
                .buckets(BUCKETS.to_vec()),
            &["method", "route"],
        )?;
        let sign_in_failures = IntCounter::new("sign_in_failures_total", "Sign-ins with wrong credentials.")?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(durations.clone()))?;
        registry.register(Box::new(sign_in_failures.clone()))?;
        Ok(Self { registry, requests, durations, sign_in_failures, outbox_age, mail_failures, pool })
    }

    /// Counts an answered request.
    ///
    /// *Shape*: `method` and `route` come from closed sets, so that nobody can grow the labels from outside.
    pub fn request(&self, method: &str, route: &str, status: u16, duration: Duration) {
        self.requests.with_label_values(&[method, route, &status.to_string()]).inc();
        self.durations.with_label_values(&[method, route]).observe(duration.as_secs_f64());
    }

    /// Counts a sign-in with wrong credentials.
    pub fn sign_in_failed(&self) {
        self.sign_in_failures.inc();
    }

    /// Says how long the oldest email that is due has been waiting; zero when none is.
    pub fn set_outbox_age(&self, seconds: f64) {
        self.outbox_age.set(seconds);
    }

    /// Says how often emails did not leave by a fault.
    pub fn set_mail_failures(&self, fault: &str, count: i64) {
        self.mail_failures.with_label_values(&[fault]).set(count);
    }

    /// The text form, with the present state of the connections.
    pub fn expose(&self, pool: PoolState) -> prometheus::Result<String> {
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.pool.size.set(pool.size.into());
        self.pool.in_use.set(pool.in_use.into());
        self.pool.waits.set(whole(pool.waits));
        self.pool.wait_seconds.set(Duration::from_micros(pool.wait_micros).as_secs_f64());
        self.pool.timeouts.set(whole(pool.timeouts));
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exposed_as_text() {
        let metrics = Metrics::new();
        metrics.request("GET", "/v1/contacts/{contact_id}", 200, Duration::from_millis(3));
        metrics.sign_in_failed();
        metrics.set_outbox_age(1.5);
        metrics.set_mail_failures("operator", 3);
        let pool = PoolState { size: 8, idle: 7, in_use: 1, waits: 4, wait_micros: 2_500_000, timeouts: 0 };
        let text = metrics.expose(pool).unwrap();
        for line in [
            "http_requests_total{method=\"GET\",route=\"/v1/contacts/{contact_id}\",status=\"200\"} 1",
            "http_request_duration_seconds_bucket{method=\"GET\",route=\"/v1/contacts/{contact_id}\",le=\"0.005\"} 1",
            "sign_in_failures_total 1",
            "outbox_age_seconds 1.5",
            "mail_failures_total{fault=\"operator\"} 3",
            "database_connections_in_use 1",
            "database_pool_wait_seconds_total 2.5",
        ] {
            assert!(text.lines().any(|other| other == line), "{line} is missing in {text}");
        }
    }
}
