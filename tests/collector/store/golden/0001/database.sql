BEGIN TRANSACTION;
CREATE TABLE account (
	id INTEGER NOT NULL, 
	organisation_id BIGINT NOT NULL, 
	login VARCHAR(128) NOT NULL, 
	language VARCHAR(16), 
	created_ms BIGINT NOT NULL, 
	CONSTRAINT pk_account PRIMARY KEY (id), 
	CONSTRAINT fk_account_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id), 
	CONSTRAINT uq_account_organisation_id_login UNIQUE (organisation_id, login)
);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE device (
	id INTEGER NOT NULL, 
	organisation_id BIGINT NOT NULL, 
	product_id BIGINT NOT NULL, 
	serial VARCHAR(256) NOT NULL, 
	model VARCHAR(256), 
	batch VARCHAR(256), 
	first_received_ms BIGINT NOT NULL, 
	CONSTRAINT pk_device PRIMARY KEY (id), 
	CONSTRAINT fk_device_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id), 
	CONSTRAINT fk_device_product_id FOREIGN KEY(product_id) REFERENCES product (id), 
	CONSTRAINT uq_device_product_id_serial UNIQUE (product_id, serial)
);
INSERT INTO "device" VALUES(1,1,1,'SN-0','IE-500',NULL,1714557600000);
INSERT INTO "device" VALUES(2,1,1,'SN-0001','IE-500',NULL,1714557600000);
INSERT INTO "device" VALUES(3,1,1,'SN-1','IE-500',NULL,1714557600000);
INSERT INTO "device" VALUES(4,1,1,'SN-2','IE-500',NULL,1714557600000);
INSERT INTO "device" VALUES(5,1,1,'SN-3','IE-500',NULL,1714557600000);
CREATE TABLE ingest_key (
	id INTEGER NOT NULL, 
	organisation_id BIGINT NOT NULL, 
	product_id BIGINT NOT NULL, 
	prefix VARCHAR(16) NOT NULL, 
	key_hash BLOB NOT NULL, 
	created_ms BIGINT NOT NULL, 
	revoked_ms BIGINT, 
	CONSTRAINT pk_ingest_key PRIMARY KEY (id), 
	CONSTRAINT fk_ingest_key_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id), 
	CONSTRAINT fk_ingest_key_product_id FOREIGN KEY(product_id) REFERENCES product (id), 
	CONSTRAINT uq_ingest_key_key_hash UNIQUE (key_hash)
);
CREATE TABLE login_link (
	token_hash BLOB NOT NULL, 
	organisation_id BIGINT NOT NULL, 
	account_id BIGINT NOT NULL, 
	expires_ms BIGINT NOT NULL, 
	used_ms BIGINT, 
	CONSTRAINT pk_login_link PRIMARY KEY (token_hash), 
	CONSTRAINT fk_login_link_account_id FOREIGN KEY(account_id) REFERENCES account (id), 
	CONSTRAINT fk_login_link_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id)
);
CREATE TABLE number_counter (
	organisation_id BIGINT NOT NULL, 
	day INTEGER NOT NULL, 
	last INTEGER NOT NULL, 
	CONSTRAINT pk_number_counter PRIMARY KEY (organisation_id, day), 
	CONSTRAINT fk_number_counter_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id)
);
INSERT INTO "number_counter" VALUES(1,20261123,3);
CREATE TABLE occurrence (
	id BLOB NOT NULL, 
	organisation_id BIGINT NOT NULL, 
	product_id BIGINT NOT NULL, 
	signature_id BIGINT, 
	device_id BIGINT NOT NULL, 
	version VARCHAR(256) NOT NULL, 
	occurred_ms BIGINT NOT NULL, 
	received_ms BIGINT NOT NULL, 
	clock VARCHAR(16) NOT NULL, 
	folded INTEGER NOT NULL, 
	report_code VARCHAR(16) NOT NULL, 
	pack INTEGER NOT NULL, 
	pack_offset BIGINT NOT NULL, 
	pack_bytes INTEGER NOT NULL, 
	CONSTRAINT pk_occurrence PRIMARY KEY (id), 
	CONSTRAINT fk_occurrence_device_id FOREIGN KEY(device_id) REFERENCES device (id), 
	CONSTRAINT fk_occurrence_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id), 
	CONSTRAINT fk_occurrence_product_id FOREIGN KEY(product_id) REFERENCES product (id), 
	CONSTRAINT fk_occurrence_signature_id FOREIGN KEY(signature_id) REFERENCES signature (id)
);
INSERT INTO "occurrence" VALUES(X'018F3398C1007001AF5570F5A1810B7A',1,1,1,1,'1.0.0',1714557600000,1714557600000,'synced',1,'K4QJT-524CT',1,0,586);
INSERT INTO "occurrence" VALUES(X'018F3398C10070018D2662154E6D76B2',1,1,2,3,'1.1.0',1714557600000,1714557600000,'synced',1,'111BG-3AENZ',1,586,581);
INSERT INTO "occurrence" VALUES(X'018F3398C10070018D04A4754498E06D',1,1,3,4,'1.0.0',1714557600000,1714557600000,'synced',1,'T7952-PF1TZ',1,1167,582);
INSERT INTO "occurrence" VALUES(X'018F3398C100700195688A52D55A02EC',1,1,1,5,'1.1.0',1714557600000,1714557600000,'synced',1,'T7DRZ-VCWPQ',1,1749,587);
INSERT INTO "occurrence" VALUES(X'018F3398C10070018005F02D43FA06E7',1,1,2,1,'1.0.0',1714557600000,1714557600000,'synced',1,'GPZYK-5ZXX9',1,2336,589);
INSERT INTO "occurrence" VALUES(X'018F3398C10070019DEE4DD60FF8D0BA',1,1,3,3,'1.1.0',1714557600000,1714557600000,'synced',1,'YDST1-7Y6B7',1,2925,586);
INSERT INTO "occurrence" VALUES(X'018F3398C100700194AC577CDB2EF6D9',1,1,1,4,'1.0.0',1714557600000,1714557600000,'synced',1,'7R40E-PDDS6',1,3511,584);
INSERT INTO "occurrence" VALUES(X'018F3398C1007001A3EB8DB89FC5123C',1,1,2,5,'1.1.0',1714557600000,1714557600000,'synced',1,'CSS69-6N083',1,4095,585);
INSERT INTO "occurrence" VALUES(X'018F3398C10070018C0E071832D52769',1,1,3,1,'1.0.0',1714557600000,1714557600000,'synced',1,'QGX45-HV3M4',1,4680,583);
INSERT INTO "occurrence" VALUES(X'018F3398C10070019924513516A59934',1,1,1,3,'1.1.0',1714557600000,1714557600000,'synced',1,'WFK7P-EYSB3',1,5263,583);
INSERT INTO "occurrence" VALUES(X'018F3398C10070018D85F8467240628A',1,1,2,4,'1.0.0',1714557600000,1714557600000,'synced',1,'F0X2M-EPA2K',1,5846,584);
INSERT INTO "occurrence" VALUES(X'018F3398C10070018B5000B73A53F091',1,1,3,5,'1.1.0',1714557600000,1714557600000,'synced',1,'B6QB9-C3RRX',1,6430,587);
INSERT INTO "occurrence" VALUES(X'018F3398C1007001BACBF1CCD5FA5F92',1,1,NULL,2,'1.4.0',1714557600000,1714557600000,'synced',1,'1W27A-77W66',1,7603,606);
CREATE TABLE organisation (
	id INTEGER NOT NULL, 
	organisation_id BIGINT NOT NULL, 
	slug VARCHAR(64) NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	timezone VARCHAR(64) NOT NULL, 
	language VARCHAR(16) NOT NULL, 
	CONSTRAINT pk_organisation PRIMARY KEY (id), 
	CONSTRAINT uq_organisation_slug UNIQUE (slug)
);
INSERT INTO "organisation" VALUES(1,1,'default','default','Asia/Shanghai','zh_CN');
CREATE TABLE pack_cursor (
	organisation_id BIGINT NOT NULL, 
	consumer VARCHAR(32) NOT NULL, 
	pack INTEGER NOT NULL, 
	pack_offset BIGINT NOT NULL, 
	last_received_ms BIGINT, 
	CONSTRAINT pk_pack_cursor PRIMARY KEY (organisation_id, consumer), 
	CONSTRAINT fk_pack_cursor_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id)
);
INSERT INTO "pack_cursor" VALUES(1,'digest',1,8209,1714557600000);
CREATE TABLE product (
	id INTEGER NOT NULL, 
	organisation_id BIGINT NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	created_ms BIGINT NOT NULL, 
	CONSTRAINT pk_product PRIMARY KEY (id), 
	CONSTRAINT fk_product_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id), 
	CONSTRAINT uq_product_organisation_id_name UNIQUE (organisation_id, name)
);
INSERT INTO "product" VALUES(1,1,'inspect-eye',1714557600000);
CREATE TABLE quarantine (
	id INTEGER NOT NULL, 
	organisation_id BIGINT NOT NULL, 
	product_id BIGINT, 
	bundle_id BLOB, 
	reason VARCHAR(64) NOT NULL, 
	detail TEXT NOT NULL, 
	received_ms BIGINT NOT NULL, 
	pack INTEGER NOT NULL, 
	pack_offset BIGINT NOT NULL, 
	pack_bytes INTEGER NOT NULL, 
	CONSTRAINT pk_quarantine PRIMARY KEY (id), 
	CONSTRAINT fk_quarantine_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id)
);
INSERT INTO "quarantine" VALUES(1,1,1,X'018F3398C100700195688A52D55A02EC','id_reused','an earlier bundle with this id has other bytes',1714557600000,1,7017,586);
CREATE TABLE seen_id (
	organisation_id BIGINT NOT NULL, 
	id BLOB NOT NULL, 
	sha256 BLOB NOT NULL, 
	received_ms BIGINT NOT NULL, 
	CONSTRAINT pk_seen_id PRIMARY KEY (organisation_id, id), 
	CONSTRAINT fk_seen_id_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id)
)
 WITHOUT ROWID

;
INSERT INTO "seen_id" VALUES(1,X'018F3398C10070018005F02D43FA06E7',X'5E0550C78AD7896491317FD57F8E7E171FBC6E0947D11C587D34DF056071D21F',1714557600000);
INSERT INTO "seen_id" VALUES(1,X'018F3398C10070018B5000B73A53F091',X'85F596BA3E4C5AEFFF0BD941248DA61BD66C7616C0D492C8AE91ACC6FEA9D6F6',1714557600000);
INSERT INTO "seen_id" VALUES(1,X'018F3398C10070018C0E071832D52769',X'1683383AFC66312D492204E6C0ED0981311D3B695C5609448EC4D0D1C6EC3712',1714557600000);
INSERT INTO "seen_id" VALUES(1,X'018F3398C10070018D04A4754498E06D',X'DBB5EBA84BFDE4691C453D2A6C7A0AC3395F3F6DA4672F3360DC749457FDE4E7',1714557600000);
INSERT INTO "seen_id" VALUES(1,X'018F3398C10070018D2662154E6D76B2',X'9EE6CAD8831D4438819FF4E7FC295AF57351837AF1B6D0569D77ABE9AA424DB6',1714557600000);
INSERT INTO "seen_id" VALUES(1,X'018F3398C10070018D85F8467240628A',X'65B15784F1027033EF3F385FC85B083412CFE5B53C657668E41BC1B35E832727',1714557600000);
INSERT INTO "seen_id" VALUES(1,X'018F3398C100700194AC577CDB2EF6D9',X'3E8F0C072D5BDCF5645FE3A5ACC5E252D767E0F8D6701EDD2567108F04010A32',1714557600000);
INSERT INTO "seen_id" VALUES(1,X'018F3398C100700195688A52D55A02EC',X'6138430AB0D7663E5D0BECB3248142858A2A515C24358E442F4DBD0AFADBFD61',1714557600000);
INSERT INTO "seen_id" VALUES(1,X'018F3398C10070019924513516A59934',X'08430CD703912C79EC2FABC541D871BC7E7DC1C93EDDC9E9E72C67DB3582769F',1714557600000);
INSERT INTO "seen_id" VALUES(1,X'018F3398C10070019DEE4DD60FF8D0BA',X'EC1EB1256C189008E5DB37822B663E42DBDDD52AAAC7BAAAA83E7C742126C7F5',1714557600000);
INSERT INTO "seen_id" VALUES(1,X'018F3398C1007001A3EB8DB89FC5123C',X'12408DF974CBB573FA1F6E3C779CF77934A11C82133A796CAA2F2180F90E7831',1714557600000);
INSERT INTO "seen_id" VALUES(1,X'018F3398C1007001AF5570F5A1810B7A',X'26011849CD9063308956458D2ACB3EB8E3B1C35A90B89AA5ED2B8E46D7883989',1714557600000);
INSERT INTO "seen_id" VALUES(1,X'018F3398C1007001BACBF1CCD5FA5F92',X'DDFBFE7BBE34F02888316895E6561EB0148280D4FF7AE0E990F8A0920E0AA783',1714557600000);
CREATE TABLE session (
	token_hash BLOB NOT NULL, 
	organisation_id BIGINT NOT NULL, 
	account_id BIGINT NOT NULL, 
	csrf VARCHAR(64) NOT NULL, 
	expires_ms BIGINT NOT NULL, 
	CONSTRAINT pk_session PRIMARY KEY (token_hash), 
	CONSTRAINT fk_session_account_id FOREIGN KEY(account_id) REFERENCES account (id), 
	CONSTRAINT fk_session_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id)
);
CREATE TABLE signature (
	id INTEGER NOT NULL, 
	organisation_id BIGINT NOT NULL, 
	product_id BIGINT NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	title TEXT NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	type TEXT, 
	code VARCHAR(256), 
	signal VARCHAR(32), 
	function TEXT, 
	program TEXT, 
	message TEXT, 
	model VARCHAR(256), 
	key_text TEXT NOT NULL, 
	key_value VARCHAR(128) NOT NULL, 
	steps JSON NOT NULL, 
	first_ms BIGINT NOT NULL, 
	last_ms BIGINT NOT NULL, 
	occurrences BIGINT NOT NULL, 
	devices BIGINT NOT NULL, 
	CONSTRAINT pk_signature PRIMARY KEY (id), 
	CONSTRAINT ck_signature_state CHECK (state IN ('new', 'open', 'resolved', 'regressed', 'escalating', 'muted')), 
	CONSTRAINT fk_signature_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id), 
	CONSTRAINT fk_signature_product_id FOREIGN KEY(product_id) REFERENCES product (id)
);
INSERT INTO "signature" VALUES(1,1,1,'new','ValueError in sensor.f0','crash','ValueError',NULL,NULL,'sensor.f0',NULL,'n 0','IE-500','exception | ValueError | sensor.f0 < sensor.main','strict:1:a7d0c57fdb9ceaa4282cf8c6872b8766','["2 frames came as fields of the bundle", "the type and the innermost 2 meaningful frame(s) make the strict key", "the strict key is the strongest that the evidence allows and is taken"]',1714557600000,1714557600000,4,4);
INSERT INTO "signature" VALUES(2,1,1,'new','ValueError in sensor.f1','crash','ValueError',NULL,NULL,'sensor.f1',NULL,'n 1','IE-500','exception | ValueError | sensor.f1 < sensor.main','strict:1:43687cc7ba48f62370dbc25ce48707dd','["2 frames came as fields of the bundle", "the type and the innermost 2 meaningful frame(s) make the strict key", "the strict key is the strongest that the evidence allows and is taken"]',1714557600000,1714557600000,4,4);
INSERT INTO "signature" VALUES(3,1,1,'new','ValueError in sensor.f2','crash','ValueError',NULL,NULL,'sensor.f2',NULL,'n 2','IE-500','exception | ValueError | sensor.f2 < sensor.main','strict:1:8bcf8c0135b71bbba46c1a322a8f28c1','["2 frames came as fields of the bundle", "the type and the innermost 2 meaningful frame(s) make the strict key", "the strict key is the strongest that the evidence allows and is taken"]',1714557600000,1714557600000,4,4);
CREATE TABLE signature_device (
	organisation_id BIGINT NOT NULL, 
	signature_id BIGINT NOT NULL, 
	device_id BIGINT NOT NULL, 
	occurrences BIGINT NOT NULL, 
	last_received_ms BIGINT NOT NULL, 
	CONSTRAINT pk_signature_device PRIMARY KEY (signature_id, device_id), 
	CONSTRAINT fk_signature_device_device_id FOREIGN KEY(device_id) REFERENCES device (id), 
	CONSTRAINT fk_signature_device_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id), 
	CONSTRAINT fk_signature_device_signature_id FOREIGN KEY(signature_id) REFERENCES signature (id)
);
INSERT INTO "signature_device" VALUES(1,1,1,1,1795368727099);
INSERT INTO "signature_device" VALUES(1,1,3,1,1795368727099);
INSERT INTO "signature_device" VALUES(1,1,4,1,1795368727099);
INSERT INTO "signature_device" VALUES(1,1,5,1,1795368727099);
INSERT INTO "signature_device" VALUES(1,2,1,1,1795368727099);
INSERT INTO "signature_device" VALUES(1,2,3,1,1795368727099);
INSERT INTO "signature_device" VALUES(1,2,4,1,1795368727099);
INSERT INTO "signature_device" VALUES(1,2,5,1,1795368727099);
INSERT INTO "signature_device" VALUES(1,3,1,1,1795368727099);
INSERT INTO "signature_device" VALUES(1,3,3,1,1795368727099);
INSERT INTO "signature_device" VALUES(1,3,4,1,1795368727099);
INSERT INTO "signature_device" VALUES(1,3,5,1,1795368727099);
CREATE TABLE signature_hour (
	organisation_id BIGINT NOT NULL, 
	signature_id BIGINT NOT NULL, 
	hour BIGINT NOT NULL, 
	occurrences BIGINT NOT NULL, 
	CONSTRAINT pk_signature_hour PRIMARY KEY (signature_id, hour), 
	CONSTRAINT fk_signature_hour_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id), 
	CONSTRAINT fk_signature_hour_signature_id FOREIGN KEY(signature_id) REFERENCES signature (id)
);
INSERT INTO "signature_hour" VALUES(1,1,476266,4);
INSERT INTO "signature_hour" VALUES(1,2,476266,4);
INSERT INTO "signature_hour" VALUES(1,3,476266,4);
CREATE TABLE signature_key (
	organisation_id BIGINT NOT NULL, 
	product_id BIGINT NOT NULL, 
	key_value VARCHAR(128) NOT NULL, 
	signature_id BIGINT NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	source VARCHAR(16) NOT NULL, 
	created_ms BIGINT NOT NULL, 
	CONSTRAINT pk_signature_key PRIMARY KEY (product_id, key_value), 
	CONSTRAINT fk_signature_key_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id), 
	CONSTRAINT fk_signature_key_product_id FOREIGN KEY(product_id) REFERENCES product (id), 
	CONSTRAINT fk_signature_key_signature_id FOREIGN KEY(signature_id) REFERENCES signature (id)
);
INSERT INTO "signature_key" VALUES(1,1,'strict:1:a7d0c57fdb9ceaa4282cf8c6872b8766',1,'strict','auto',1795368727099);
INSERT INTO "signature_key" VALUES(1,1,'strict:1:43687cc7ba48f62370dbc25ce48707dd',2,'strict','auto',1795368727099);
INSERT INTO "signature_key" VALUES(1,1,'strict:1:8bcf8c0135b71bbba46c1a322a8f28c1',3,'strict','auto',1795368727099);
CREATE TABLE signature_version (
	organisation_id BIGINT NOT NULL, 
	signature_id BIGINT NOT NULL, 
	version VARCHAR(256) NOT NULL, 
	occurrences BIGINT NOT NULL, 
	first_received_ms BIGINT NOT NULL, 
	last_received_ms BIGINT NOT NULL, 
	CONSTRAINT pk_signature_version PRIMARY KEY (signature_id, version), 
	CONSTRAINT fk_signature_version_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id), 
	CONSTRAINT fk_signature_version_signature_id FOREIGN KEY(signature_id) REFERENCES signature (id)
);
INSERT INTO "signature_version" VALUES(1,1,'1.0.0',2,1795368727099,1795368727099);
INSERT INTO "signature_version" VALUES(1,1,'1.1.0',2,1795368727099,1795368727099);
INSERT INTO "signature_version" VALUES(1,2,'1.0.0',2,1795368727099,1795368727099);
INSERT INTO "signature_version" VALUES(1,2,'1.1.0',2,1795368727099,1795368727099);
INSERT INTO "signature_version" VALUES(1,3,'1.0.0',2,1795368727099,1795368727099);
INSERT INTO "signature_version" VALUES(1,3,'1.1.0',2,1795368727099,1795368727099);
CREATE TABLE tally (
	organisation_id BIGINT NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	total BIGINT NOT NULL, 
	CONSTRAINT pk_tally PRIMARY KEY (organisation_id, name), 
	CONSTRAINT fk_tally_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id)
);
INSERT INTO "tally" VALUES(1,'quarantined',1);
INSERT INTO "tally" VALUES(1,'stored',13);
CREATE TABLE ticket (
	id INTEGER NOT NULL, 
	organisation_id BIGINT NOT NULL, 
	product_id BIGINT NOT NULL, 
	signature_id BIGINT, 
	scope VARCHAR(128) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	day INTEGER NOT NULL, 
	counter INTEGER NOT NULL, 
	state VARCHAR(32) NOT NULL, 
	opened_ms BIGINT NOT NULL, 
	occurrences BIGINT NOT NULL, 
	first_ms BIGINT NOT NULL, 
	last_ms BIGINT NOT NULL, 
	sample_id BLOB, 
	previous_id BIGINT, 
	fields JSON NOT NULL, 
	row_version INTEGER NOT NULL, 
	CONSTRAINT pk_ticket PRIMARY KEY (id), 
	CONSTRAINT ck_ticket_kind CHECK (kind IN ('machine', 'customer')), 
	CONSTRAINT ck_ticket_state CHECK (state IN ('draft', 'needs_info', 'submitted', 'dispatched', 'in_progress', 'pending', 'awaiting_confirmation', 'closed', 'filed', 'invalid', 'merged')), 
	CONSTRAINT fk_ticket_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id), 
	CONSTRAINT fk_ticket_previous_id FOREIGN KEY(previous_id) REFERENCES ticket (id), 
	CONSTRAINT fk_ticket_product_id FOREIGN KEY(product_id) REFERENCES product (id), 
	CONSTRAINT fk_ticket_signature_id FOREIGN KEY(signature_id) REFERENCES signature (id), 
	CONSTRAINT uq_ticket_organisation_id_day_counter UNIQUE (organisation_id, day, counter)
);
INSERT INTO "ticket" VALUES(1,1,1,1,'','machine',20261123,1,'submitted',1795368727099,4,1714557600000,1714557600000,X'018F3398C1007001AF5570F5A1810B7A',NULL,'{"product_name": {"value": "inspect-eye", "origin": "device"}, "product_model": {"value": "IE-500", "origin": "device"}, "serial": {"value": "SN-0", "origin": "device"}, "system_version": {"value": "3.2.1", "origin": "device"}, "app_version": {"value": "1.0.0", "origin": "device"}, "hardware_version": {"value": "B2", "origin": "device"}, "reproduction_steps": {"value": "sensor read 0\nsensor read 1\nsensor read 2", "origin": "device"}, "attachments": {"value": "[{\"name\": \"log-tail.txt\", \"kind\": \"log\", \"bytes\": 42, \"redactions\": 0}, {\"name\": \"system-state.json\", \"kind\": \"state\", \"bytes\": 80, \"redactions\": 0}]", "origin": "device"}, "submitted_at": {"value": "1714557600000", "origin": "rule"}, "submitter": {"value": "device", "origin": "rule"}, "problem_class": {"value": "technical", "origin": "rule"}, "problem_type": {"value": "software", "origin": "rule"}, "severity": {"value": "serious", "origin": "rule"}, "source": {"value": "auto", "origin": "rule"}, "occurred_at": {"value": "1714557600000", "origin": "device"}, "phenomenon": {"value": "\u7a0b\u5e8f\u5f02\u5e38\uff1a\u53d6\u503c\u65e0\u6548\uff08ValueError\uff09\uff0c\u4f4d\u7f6e sensor.f0\uff1an 0", "origin": "rule"}}',1);
INSERT INTO "ticket" VALUES(2,1,1,2,'','machine',20261123,2,'submitted',1795368727099,4,1714557600000,1714557600000,X'018F3398C10070018D2662154E6D76B2',NULL,'{"product_name": {"value": "inspect-eye", "origin": "device"}, "product_model": {"value": "IE-500", "origin": "device"}, "serial": {"value": "SN-1", "origin": "device"}, "system_version": {"value": "3.2.1", "origin": "device"}, "app_version": {"value": "1.1.0", "origin": "device"}, "hardware_version": {"value": "B2", "origin": "device"}, "reproduction_steps": {"value": "sensor read 0\nsensor read 1\nsensor read 2", "origin": "device"}, "attachments": {"value": "[{\"name\": \"log-tail.txt\", \"kind\": \"log\", \"bytes\": 42, \"redactions\": 0}, {\"name\": \"system-state.json\", \"kind\": \"state\", \"bytes\": 80, \"redactions\": 0}]", "origin": "device"}, "submitted_at": {"value": "1714557600000", "origin": "rule"}, "submitter": {"value": "device", "origin": "rule"}, "problem_class": {"value": "technical", "origin": "rule"}, "problem_type": {"value": "software", "origin": "rule"}, "severity": {"value": "serious", "origin": "rule"}, "source": {"value": "auto", "origin": "rule"}, "occurred_at": {"value": "1714557600000", "origin": "device"}, "phenomenon": {"value": "\u7a0b\u5e8f\u5f02\u5e38\uff1a\u53d6\u503c\u65e0\u6548\uff08ValueError\uff09\uff0c\u4f4d\u7f6e sensor.f1\uff1an 1", "origin": "rule"}}',1);
INSERT INTO "ticket" VALUES(3,1,1,3,'','machine',20261123,3,'submitted',1795368727099,4,1714557600000,1714557600000,X'018F3398C10070018D04A4754498E06D',NULL,'{"product_name": {"value": "inspect-eye", "origin": "device"}, "product_model": {"value": "IE-500", "origin": "device"}, "serial": {"value": "SN-2", "origin": "device"}, "system_version": {"value": "3.2.1", "origin": "device"}, "app_version": {"value": "1.0.0", "origin": "device"}, "hardware_version": {"value": "B2", "origin": "device"}, "reproduction_steps": {"value": "sensor read 0\nsensor read 1\nsensor read 2", "origin": "device"}, "attachments": {"value": "[{\"name\": \"log-tail.txt\", \"kind\": \"log\", \"bytes\": 42, \"redactions\": 0}, {\"name\": \"system-state.json\", \"kind\": \"state\", \"bytes\": 80, \"redactions\": 0}]", "origin": "device"}, "submitted_at": {"value": "1714557600000", "origin": "rule"}, "submitter": {"value": "device", "origin": "rule"}, "problem_class": {"value": "technical", "origin": "rule"}, "problem_type": {"value": "software", "origin": "rule"}, "severity": {"value": "serious", "origin": "rule"}, "source": {"value": "auto", "origin": "rule"}, "occurred_at": {"value": "1714557600000", "origin": "device"}, "phenomenon": {"value": "\u7a0b\u5e8f\u5f02\u5e38\uff1a\u53d6\u503c\u65e0\u6548\uff08ValueError\uff09\uff0c\u4f4d\u7f6e sensor.f2\uff1an 2", "origin": "rule"}}',1);
CREATE TABLE ticket_entry (
	id INTEGER NOT NULL, 
	organisation_id BIGINT NOT NULL, 
	ticket_id BIGINT NOT NULL, 
	at_ms BIGINT NOT NULL, 
	actor VARCHAR(128) NOT NULL, 
	kind VARCHAR(32) NOT NULL, 
	text TEXT NOT NULL, 
	data JSON NOT NULL, 
	CONSTRAINT pk_ticket_entry PRIMARY KEY (id), 
	CONSTRAINT fk_ticket_entry_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisation (id), 
	CONSTRAINT fk_ticket_entry_ticket_id FOREIGN KEY(ticket_id) REFERENCES ticket (id)
);
INSERT INTO "ticket_entry" VALUES(1,1,1,1795368727099,'system','opened','','{"bundle": "018f3398c1007001af5570f5a1810b7a", "serial": "SN-0", "version": "1.0.0"}');
INSERT INTO "ticket_entry" VALUES(2,1,2,1795368727099,'system','opened','','{"bundle": "018f3398c10070018d2662154e6d76b2", "serial": "SN-1", "version": "1.1.0"}');
INSERT INTO "ticket_entry" VALUES(3,1,3,1795368727099,'system','opened','','{"bundle": "018f3398c10070018d04a4754498e06d", "serial": "SN-2", "version": "1.0.0"}');
INSERT INTO "ticket_entry" VALUES(4,1,1,1795368727099,'device','version','','{"version": "1.0.0"}');
INSERT INTO "ticket_entry" VALUES(5,1,1,1795368727099,'device','version','','{"version": "1.1.0"}');
INSERT INTO "ticket_entry" VALUES(6,1,2,1795368727099,'device','version','','{"version": "1.0.0"}');
INSERT INTO "ticket_entry" VALUES(7,1,2,1795368727099,'device','version','','{"version": "1.1.0"}');
INSERT INTO "ticket_entry" VALUES(8,1,3,1795368727099,'device','version','','{"version": "1.0.0"}');
INSERT INTO "ticket_entry" VALUES(9,1,3,1795368727099,'device','version','','{"version": "1.1.0"}');
INSERT INTO "ticket_entry" VALUES(10,1,1,1795368727099,'device','devices','','{"devices": 4}');
INSERT INTO "ticket_entry" VALUES(11,1,2,1795368727099,'device','devices','','{"devices": 4}');
INSERT INTO "ticket_entry" VALUES(12,1,3,1795368727099,'device','devices','','{"devices": 4}');
CREATE INDEX ix_quarantine_bundle_id ON quarantine (bundle_id);
CREATE INDEX ix_signature_organisation_id_product_id ON signature (organisation_id, product_id);
CREATE INDEX ix_occurrence_device_id_received_ms ON occurrence (device_id, received_ms);
CREATE INDEX ix_occurrence_report_code ON occurrence (report_code);
CREATE INDEX ix_occurrence_signature_id_received_ms ON occurrence (signature_id, received_ms);
CREATE INDEX ix_signature_key_signature_id ON signature_key (signature_id);
CREATE UNIQUE INDEX ux_ticket_open_machine ON ticket (organisation_id, signature_id, scope) WHERE kind = 'machine' AND state NOT IN ('closed', 'filed', 'invalid', 'merged');
CREATE INDEX ix_ticket_signature_id ON ticket (signature_id);
CREATE INDEX ix_ticket_entry_ticket_id_id ON ticket_entry (ticket_id, id);
COMMIT;
