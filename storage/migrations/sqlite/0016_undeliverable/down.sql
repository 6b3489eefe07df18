DROP TABLE undeliverable_emails;
