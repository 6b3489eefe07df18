//! Sending the emails that are owed.

use std::sync::Arc;
use std::time::Duration;

use mandate_core::id::MailId;
use mandate_core::text::Email;
use mandate_core::time::{Span, Timestamp};
use mandate_core::vocabulary::Vocabulary as _;
use mandate_storage::{Fence, Mail, MailOutcome, StorageError};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use super::Worker;
use crate::mail::{DeliveryError, Fault, PreparedMail};
use crate::shutdown::Shutdown;

/// How long to wait when nobody says that something is owed.
const PAUSE: Duration = Duration::from_millis(500);
/// Emails that are looked at in one round.
const AT_ONCE: i64 = 20;
/// Receivers of a broadcast whose emails are owed in one transaction.
const RECEIVERS_AT_ONCE: i64 = 500;
/// Such transactions in one round.
const TRANSACTIONS_AT_ONCE: usize = 20;
/// How long a delivery may take.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(90);
/// The wait after the first failure; doubles with each further one.
const FIRST_WAIT: Span = Span::seconds(5);
/// The longest wait.
const LONGEST_WAIT: Span = Span::hours(1);
/// How long an email is tried.
const PATIENCE: Span = Span::hours(72);

/// Decides, in the database as it is now, whether the receiver may still have an email, and what it says; none if not.
/// Runs in a thread that may block.
pub type Prepare = Arc<dyn Fn(&Mail) -> Result<Option<PreparedMail>, StorageError> + Send + Sync>;

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sending {
    /// It left, to this address.
    Sent(Email),
    /// Its receiver may not have it.
    Dropped,
    /// It did not leave.
    Failed(DeliveryError),
    /// It will never reach this address, whose mail server refuses it for good (S-12b).
    Refused(Email, DeliveryError),
    /// Somebody else has it.
    Taken,
}

/// What follows a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    TryAt(Timestamp),
    GiveUp,
}

/// When to try again after so many attempts.
fn next(mail: &Mail, attempts: i64, now: Timestamp) -> Next {
    if now.since(mail.created_at) >= PATIENCE {
        return Next::GiveUp;
    }
    let seconds = FIRST_WAIT.as_seconds() << (attempts - 1).clamp(0, 20);
    Next::TryAt(now.plus(Span::seconds(seconds.min(LONGEST_WAIT.as_seconds()))))
}

impl Worker {
    pub(super) async fn send_until(&self, prepare: &Prepare, shutdown: &Shutdown) {
        while !shutdown.is_begun() {
            let looked_at = self.send_due(prepare, shutdown).await;
            if looked_at == AT_ONCE {
                continue;
            }
            tokio::select! {
                () = sleep(PAUSE) => {}
                () = self.outbox.wake.notified() => {}
                () = shutdown.begun() => {}
            }
        }
    }

    /// Owes the emails of what is told to many (S-12), so that whoever wrote it need not wait.
    fn spread(&self) -> Result<(), StorageError> {
        for _ in 0..TRANSACTIONS_AT_ONCE {
            if !self.store.read::<_, StorageError>(|tx| tx.has_broadcasts())? {
                break;
            }
            let now = self.clock.now();
            self.store.write::<_, StorageError>(|unlocked| {
                unlocked.lock(&Fence::new())?.carry_on_broadcast(now, RECEIVERS_AT_ONCE)
            })?;
        }
        Ok(())
    }

    /// Sends what is due, one after the other, and says how many emails it looked at.
    pub(super) async fn send_due(&self, prepare: &Prepare, shutdown: &Shutdown) -> i64 {
        self.note("emails to many", self.in_thread(Self::spread).await);
        let due = self
            .in_thread(|worker| worker.store.read::<_, StorageError>(|tx| tx.due_mails(worker.clock.now(), AT_ONCE)))
            .await;
        let Some(due) = self.note("the outbox", due) else { return 0 };
        let mut looked_at = 0;
        for mail in due {
            if shutdown.is_begun() {
                break;
            }
            self.note("an email", self.send(mail, prepare).await);
            looked_at += 1;
        }
        looked_at
    }

    /// Claims an email, sends it, and writes down what became of it.
    async fn send(&self, mail: Mail, prepare: &Prepare) -> Result<(), StorageError> {
        let (id, kind) = (mail.notice.id, mail.notice.kind.name());
        let sending = self.attempt(mail.clone(), prepare).await?;
        match &sending {
            Sending::Sent(_) => tracing::info!(%id, kind, "email sent"),
            Sending::Dropped => tracing::info!(%id, kind, "email dropped: its receiver may not have it any more"),
            Sending::Failed(error) => {
                self.outbox.note_failure(error.fault());
                match error.fault() {
                    Fault::Operator => tracing::error!(
                        %id, kind, %error,
                        "email not sent: the mail server refuses our sign-in or sender; see to `MANDATE_MAIL` and `MANDATE_MAIL_FROM`"
                    ),
                    Fault::Passing | Fault::Receiver => tracing::warn!(%id, kind, %error, "email not sent"),
                }
            }
            Sending::Refused(_, error) => {
                self.outbox.note_failure(error.fault());
                tracing::warn!(%id, kind, %error, "email refused for good because of its receiver");
            }
            Sending::Taken => return Ok(()),
        }
        self.in_thread(move |worker| worker.write_down(&mail, &sending)).await
    }

    async fn attempt(&self, mail: Mail, prepare: &Prepare) -> Result<Sending, StorageError> {
        let id = mail.notice.id;
        if !self.in_thread(move |worker| worker.claim(id)).await? {
            return Ok(Sending::Taken);
        }
        let (worker, prepare) = (self.clone(), Arc::clone(prepare));
        let task = spawn_blocking(move || worker.deliver(&mail, &prepare));
        Ok(match timeout(DELIVERY_TIMEOUT, task).await {
            Ok(Ok(sending)) => sending,
            Ok(Err(_)) => Sending::Failed(DeliveryError::new("the delivery panicked")),
            Err(_) => Sending::Failed(DeliveryError::new("the delivery took too long")),
        })
    }

    fn claim(&self, id: MailId) -> Result<bool, StorageError> {
        let now = self.clock.now();
        self.store.write(|unlocked| unlocked.lock(&Fence::new())?.claim_mail(id, now, now.plus(self.mailer.claim())))
    }

    fn deliver(&self, mail: &Mail, prepare: &Prepare) -> Sending {
        let id = mail.notice.id;
        let prepared = match prepare(mail) {
            Ok(None) => return Sending::Dropped,
            Ok(Some(prepared)) => prepared,
            Err(error) => return Sending::Failed(DeliveryError::new(error)),
        };
        let written = self.writer.write(id, &prepared, self.clock.now()).map_err(DeliveryError::new);
        match written.and_then(|message| self.mailer.deliver(id, &message)) {
            Ok(()) => Sending::Sent(prepared.to.email),
            Err(error) if error.fault() == Fault::Receiver => Sending::Refused(prepared.to.email, error),
            Err(error) => Sending::Failed(error),
        }
    }

    fn write_down(&self, mail: &Mail, sending: &Sending) -> Result<(), StorageError> {
        let (id, now) = (mail.notice.id, self.clock.now());
        self.store.write(|unlocked| {
            let mut tx = unlocked.lock(&Fence::new())?;
            match sending {
                Sending::Sent(address) => {
                    tx.keep_notice(mail, address, now)?;
                    tx.note_delivered(mail.notice.to)?;
                    tx.finish_mail(id, MailOutcome::Sent, now)
                }
                Sending::Refused(address, error) => {
                    tx.note_undeliverable(mail.notice.to, address, &error.to_string(), now)?;
                    tx.finish_mail(id, MailOutcome::Refused, now)
                }
                Sending::Dropped => tx.finish_mail(id, MailOutcome::Dropped, now),
                Sending::Failed(error) => match next(mail, mail.attempts + 1, now) {
                    Next::TryAt(due_at) => tx.postpone_mail(id, due_at, &error.to_string()),
                    Next::GiveUp => tx.finish_mail(id, MailOutcome::Failed, now),
                },
                Sending::Taken => Ok(()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use mandate_core::change::Notice;
    use mandate_core::id::{PersonId, StaffId};
    use mandate_core::vocabulary::MailKind;

    use super::*;

    #[test]
    fn attempts_become_rarer_and_end_after_three_days() {
        let start = Timestamp::from_micros(0);
        let to = PersonId::Staff(StaffId::from_u128(1));
        let notice = Notice { id: MailId::from_u128(1), kind: MailKind::Welcome, to, about: None, link: None };
        let mail = Mail { notice, created_at: start, due_at: start, attempts: 0 };
        let (mut now, mut attempts, mut waits) = (start, 0, Vec::new());
        loop {
            attempts += 1;
            let Next::TryAt(at) = next(&mail, attempts, now) else { break };
            waits.push(at.since(now).as_seconds());
            now = at;
        }
        assert_eq!(&waits[..12], [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]);
        assert!(waits[12..].iter().all(|wait| *wait == 3600));
        assert!((72..74).contains(&(now.seconds() / 3_600)), "{now}");
        assert_eq!(next(&mail, i64::MAX, start), Next::TryAt(start.plus(LONGEST_WAIT)));
    }
}
