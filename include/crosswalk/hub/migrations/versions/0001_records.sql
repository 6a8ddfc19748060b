-- Everything beside the image tables, as generated once from crosswalk/hub/tables.py. Frozen.

CREATE SEQUENCE hub.epoch AS BIGINT;

CREATE TABLE hub.check_result (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    pairing TEXT NOT NULL,
    run_id TEXT NOT NULL,
    check_id TEXT NOT NULL,
    title TEXT NOT NULL,
    severity TEXT NOT NULL,
    violations BIGINT NOT NULL,
    population BIGINT NOT NULL,
    score NUMERIC NOT NULL,
    success BOOLEAN NOT NULL,
    error TEXT,
    measured_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT uq_check_result_run UNIQUE (pairing, run_id, check_id)
);
CREATE INDEX ix_check_result_measured ON hub.check_result (pairing, measured_at);

CREATE TABLE hub.check_violation (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    run_id TEXT NOT NULL,
    pairing TEXT NOT NULL,
    check_id TEXT NOT NULL,
    detail JSONB NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX ix_check_violation_run ON hub.check_violation (pairing, run_id, check_id);

CREATE TABLE hub.ledger (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    pairing TEXT,
    run_id TEXT,
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    system TEXT,
    entity TEXT,
    key TEXT,
    link_id BIGINT,
    intent_key TEXT,
    detail JSONB NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX ix_ledger_at ON hub.ledger (at);
CREATE INDEX ix_ledger_intent ON hub.ledger (intent_key) WHERE intent_key IS NOT NULL;
CREATE INDEX ix_ledger_record ON hub.ledger (system, entity, key) WHERE key IS NOT NULL;

CREATE TABLE hub.link (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    pairing TEXT NOT NULL,
    entity TEXT NOT NULL,
    rule TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    run_id TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX ix_link_pairing_entity ON hub.link (pairing, entity);

CREATE TABLE hub.mode (
    pairing TEXT NOT NULL,
    flow TEXT NOT NULL,
    mode TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    evidence JSONB NOT NULL,
    PRIMARY KEY (pairing, flow),
    CONSTRAINT ck_mode_mode CHECK (mode IN ('off', 'shadow', 'live'))
);

CREATE TABLE hub.plan (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    pairing TEXT NOT NULL,
    flow TEXT NOT NULL,
    run_id TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    now TIMESTAMP WITH TIME ZONE NOT NULL,
    mode TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX ix_plan_pairing ON hub.plan (pairing, flow, created_at);

CREATE TABLE hub.quarantine (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    pairing TEXT NOT NULL,
    system TEXT NOT NULL,
    entity TEXT NOT NULL,
    key TEXT NOT NULL,
    stage TEXT NOT NULL,
    error_class TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    field TEXT,
    message TEXT NOT NULL,
    hint TEXT NOT NULL,
    payload JSONB NOT NULL,
    first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
    last_seen TIMESTAMP WITH TIME ZONE NOT NULL,
    times INTEGER NOT NULL,
    status TEXT NOT NULL,
    resolved_at TIMESTAMP WITH TIME ZONE,
    resolved_by TEXT,
    run_id TEXT,
    PRIMARY KEY (id),
    CONSTRAINT ck_quarantine_status CHECK (status IN ('open', 'resolved'))
);
CREATE INDEX ix_quarantine_last_seen ON hub.quarantine (pairing, status, last_seen);
CREATE UNIQUE INDEX uq_quarantine_open ON hub.quarantine (pairing, system, entity, key, stage) WHERE status = 'open';

CREATE TABLE hub.quota_usage (
    system TEXT NOT NULL,
    bucket TIMESTAMP WITH TIME ZONE NOT NULL,
    calls BIGINT NOT NULL,
    PRIMARY KEY (system, bucket)
);

CREATE TABLE hub.run (
    id TEXT NOT NULL,
    pairing TEXT NOT NULL,
    phase TEXT NOT NULL,
    mode TEXT,
    dag_id TEXT,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    parameters JSONB NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX ix_run_pairing ON hub.run (pairing, started_at);

CREATE TABLE hub.sighting (
    system TEXT NOT NULL,
    entity TEXT NOT NULL,
    key TEXT NOT NULL,
    run_id TEXT NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL
);
CREATE INDEX ix_sighting_seen ON hub.sighting (system, entity, seen_at);

CREATE TABLE hub.watermark (
    system TEXT NOT NULL,
    entity TEXT NOT NULL,
    value JSONB NOT NULL,
    run_id TEXT NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (system, entity)
);

CREATE TABLE hub.base_image (
    link_id BIGINT NOT NULL,
    system TEXT NOT NULL,
    fingerprint BIGINT NOT NULL,
    version TEXT NOT NULL,
    image JSONB NOT NULL,
    settled_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (link_id, system),
    FOREIGN KEY(link_id) REFERENCES hub.link (id) ON DELETE CASCADE
);

CREATE TABLE hub.intent (
    key TEXT NOT NULL,
    plan_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    pairing TEXT NOT NULL,
    flow TEXT NOT NULL,
    entity TEXT NOT NULL,
    operation TEXT NOT NULL,
    source_system TEXT NOT NULL,
    source_entity TEXT NOT NULL,
    source_key TEXT NOT NULL,
    source_version TEXT,
    target_system TEXT NOT NULL,
    target_key TEXT,
    depends_on TEXT,
    status TEXT NOT NULL,
    held_reason TEXT,
    mode TEXT NOT NULL,
    payload JSONB NOT NULL,
    payload_hash TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    epoch BIGINT NOT NULL,
    claimed_at TIMESTAMP WITH TIME ZONE,
    lease_until TIMESTAMP WITH TIME ZONE,
    not_before TIMESTAMP WITH TIME ZONE,
    resend_after TIMESTAMP WITH TIME ZONE,
    sent_at TIMESTAMP WITH TIME ZONE,
    finished_at TIMESTAMP WITH TIME ZONE,
    settled_at TIMESTAMP WITH TIME ZONE,
    error_class TEXT,
    error_code TEXT,
    message TEXT,
    hint TEXT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    run_id TEXT NOT NULL,
    PRIMARY KEY (key),
    CONSTRAINT ck_intent_status CHECK (status IN ('planned', 'held', 'sending', 'done', 'rejected', 'in_doubt', 'shadowed')),
    CONSTRAINT ck_intent_operation CHECK (operation IN ('create', 'update')),
    FOREIGN KEY(plan_id) REFERENCES hub.plan (id)
);
CREATE INDEX ix_intent_depends_on ON hub.intent (depends_on) WHERE depends_on IS NOT NULL;
CREATE INDEX ix_intent_open ON hub.intent (pairing, flow, status, plan_id, position) WHERE status IN ('planned', 'held', 'sending', 'in_doubt');
CREATE INDEX ix_intent_source ON hub.intent (source_system, source_key);
CREATE INDEX ix_intent_target ON hub.intent (target_system, target_key);
CREATE INDEX ix_intent_unsettled ON hub.intent (pairing, flow) WHERE status = 'done' AND settled_at IS NULL;

CREATE TABLE hub.link_end (
    link_id BIGINT NOT NULL,
    system TEXT NOT NULL,
    pairing TEXT NOT NULL,
    entity TEXT NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (link_id, system),
    CONSTRAINT uq_link_end_record UNIQUE (pairing, entity, system, key),
    FOREIGN KEY(link_id) REFERENCES hub.link (id) ON DELETE CASCADE
);

-- The ledger is append-only (law 14): what happened cannot be unsaid.

CREATE FUNCTION hub.refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $refuse$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only' USING ERRCODE = 'integrity_constraint_violation', HINT = 'Write a correcting entry instead.';
END
$refuse$;

CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON hub.ledger
    FOR EACH STATEMENT EXECUTE FUNCTION hub.refuse_ledger_change();
