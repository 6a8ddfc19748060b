-- One table per entity, as generated once from crosswalk/hub/tables.py. Frozen.

CREATE TABLE hub.customer (
    system TEXT NOT NULL,
    key TEXT NOT NULL,
    version TEXT NOT NULL,
    modified TIMESTAMP WITH TIME ZONE,
    fingerprint BIGINT NOT NULL,
    landed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    run_id TEXT NOT NULL,
    deleted_at TIMESTAMP WITH TIME ZONE,
    name TEXT,
    number TEXT,
    counterpart_key TEXT,
    email TEXT,
    phone TEXT,
    website TEXT,
    currency TEXT,
    parent_key TEXT,
    subsidiary TEXT,
    is_active BOOLEAN,
    billing_street TEXT,
    billing_city TEXT,
    billing_state TEXT,
    billing_postal_code TEXT,
    billing_country TEXT,
    shipping_street TEXT,
    shipping_city TEXT,
    shipping_state TEXT,
    shipping_postal_code TEXT,
    shipping_country TEXT,
    terms TEXT,
    price_level TEXT,
    credit_limit NUMERIC,
    credit_hold TEXT,
    balance NUMERIC,
    overdue NUMERIC,
    owner TEXT,
    extras JSONB NOT NULL,
    PRIMARY KEY (system, key)
);
CREATE INDEX ix_customer_changed_at ON hub.customer (system, changed_at);
CREATE INDEX ix_customer_counterpart_key ON hub.customer (system, counterpart_key) WHERE counterpart_key IS NOT NULL;
CREATE INDEX ix_customer_parent_key ON hub.customer (system, parent_key) WHERE parent_key IS NOT NULL;

CREATE TABLE hub.contact (
    system TEXT NOT NULL,
    key TEXT NOT NULL,
    version TEXT NOT NULL,
    modified TIMESTAMP WITH TIME ZONE,
    fingerprint BIGINT NOT NULL,
    landed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    run_id TEXT NOT NULL,
    deleted_at TIMESTAMP WITH TIME ZONE,
    customer_key TEXT,
    counterpart_key TEXT,
    first_name TEXT,
    last_name TEXT,
    email TEXT,
    phone TEXT,
    mobile TEXT,
    title TEXT,
    is_active BOOLEAN,
    extras JSONB NOT NULL,
    PRIMARY KEY (system, key)
);
CREATE INDEX ix_contact_changed_at ON hub.contact (system, changed_at);
CREATE INDEX ix_contact_counterpart_key ON hub.contact (system, counterpart_key) WHERE counterpart_key IS NOT NULL;
CREATE INDEX ix_contact_customer_key ON hub.contact (system, customer_key) WHERE customer_key IS NOT NULL;

CREATE TABLE hub.product (
    system TEXT NOT NULL,
    key TEXT NOT NULL,
    version TEXT NOT NULL,
    modified TIMESTAMP WITH TIME ZONE,
    fingerprint BIGINT NOT NULL,
    landed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    run_id TEXT NOT NULL,
    deleted_at TIMESTAMP WITH TIME ZONE,
    sku TEXT,
    counterpart_key TEXT,
    name TEXT,
    description TEXT,
    product_type TEXT,
    unit TEXT,
    is_active BOOLEAN,
    extras JSONB NOT NULL,
    PRIMARY KEY (system, key)
);
CREATE INDEX ix_product_changed_at ON hub.product (system, changed_at);
CREATE INDEX ix_product_counterpart_key ON hub.product (system, counterpart_key) WHERE counterpart_key IS NOT NULL;

CREATE TABLE hub.price (
    system TEXT NOT NULL,
    key TEXT NOT NULL,
    version TEXT NOT NULL,
    modified TIMESTAMP WITH TIME ZONE,
    fingerprint BIGINT NOT NULL,
    landed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    run_id TEXT NOT NULL,
    deleted_at TIMESTAMP WITH TIME ZONE,
    product_key TEXT,
    price_list TEXT,
    currency TEXT,
    minimum_quantity NUMERIC,
    unit_price NUMERIC,
    is_active BOOLEAN,
    extras JSONB NOT NULL,
    PRIMARY KEY (system, key)
);
CREATE INDEX ix_price_changed_at ON hub.price (system, changed_at);
CREATE INDEX ix_price_product_key ON hub.price (system, product_key) WHERE product_key IS NOT NULL;

CREATE TABLE hub.stock (
    system TEXT NOT NULL,
    key TEXT NOT NULL,
    version TEXT NOT NULL,
    modified TIMESTAMP WITH TIME ZONE,
    fingerprint BIGINT NOT NULL,
    landed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    run_id TEXT NOT NULL,
    deleted_at TIMESTAMP WITH TIME ZONE,
    product_key TEXT,
    location TEXT,
    on_hand NUMERIC,
    available NUMERIC,
    committed NUMERIC,
    on_order NUMERIC,
    extras JSONB NOT NULL,
    PRIMARY KEY (system, key)
);
CREATE INDEX ix_stock_changed_at ON hub.stock (system, changed_at);
CREATE INDEX ix_stock_product_key ON hub.stock (system, product_key) WHERE product_key IS NOT NULL;

CREATE TABLE hub.deal (
    system TEXT NOT NULL,
    key TEXT NOT NULL,
    version TEXT NOT NULL,
    modified TIMESTAMP WITH TIME ZONE,
    fingerprint BIGINT NOT NULL,
    landed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    run_id TEXT NOT NULL,
    deleted_at TIMESTAMP WITH TIME ZONE,
    name TEXT,
    customer_key TEXT,
    counterpart_key TEXT,
    stage TEXT,
    is_closed BOOLEAN,
    is_won BOOLEAN,
    close_date DATE,
    currency TEXT,
    amount NUMERIC,
    probability NUMERIC,
    purchase_order TEXT,
    price_list TEXT,
    owner TEXT,
    description TEXT,
    extras JSONB NOT NULL,
    PRIMARY KEY (system, key)
);
CREATE INDEX ix_deal_changed_at ON hub.deal (system, changed_at);
CREATE INDEX ix_deal_counterpart_key ON hub.deal (system, counterpart_key) WHERE counterpart_key IS NOT NULL;
CREATE INDEX ix_deal_customer_key ON hub.deal (system, customer_key) WHERE customer_key IS NOT NULL;

CREATE TABLE hub.deal_line (
    system TEXT NOT NULL,
    key TEXT NOT NULL,
    version TEXT NOT NULL,
    modified TIMESTAMP WITH TIME ZONE,
    fingerprint BIGINT NOT NULL,
    landed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    run_id TEXT NOT NULL,
    deleted_at TIMESTAMP WITH TIME ZONE,
    deal_key TEXT,
    product_key TEXT,
    sku TEXT,
    description TEXT,
    quantity NUMERIC,
    unit_price NUMERIC,
    list_price NUMERIC,
    total NUMERIC,
    position BIGINT,
    extras JSONB NOT NULL,
    PRIMARY KEY (system, key)
);
CREATE INDEX ix_deal_line_changed_at ON hub.deal_line (system, changed_at);
CREATE INDEX ix_deal_line_deal_key ON hub.deal_line (system, deal_key) WHERE deal_key IS NOT NULL;
CREATE INDEX ix_deal_line_product_key ON hub.deal_line (system, product_key) WHERE product_key IS NOT NULL;

CREATE TABLE hub."order" (
    system TEXT NOT NULL,
    key TEXT NOT NULL,
    version TEXT NOT NULL,
    modified TIMESTAMP WITH TIME ZONE,
    fingerprint BIGINT NOT NULL,
    landed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    run_id TEXT NOT NULL,
    deleted_at TIMESTAMP WITH TIME ZONE,
    number TEXT,
    customer_key TEXT,
    intent_key TEXT,
    status TEXT,
    order_date DATE,
    ship_date DATE,
    currency TEXT,
    subsidiary TEXT,
    total NUMERIC,
    tax_total NUMERIC,
    purchase_order TEXT,
    memo TEXT,
    extras JSONB NOT NULL,
    PRIMARY KEY (system, key)
);
CREATE INDEX ix_order_changed_at ON hub."order" (system, changed_at);
CREATE INDEX ix_order_customer_key ON hub."order" (system, customer_key) WHERE customer_key IS NOT NULL;
CREATE INDEX ix_order_intent_key ON hub."order" (system, intent_key) WHERE intent_key IS NOT NULL;

CREATE TABLE hub.order_line (
    system TEXT NOT NULL,
    key TEXT NOT NULL,
    version TEXT NOT NULL,
    modified TIMESTAMP WITH TIME ZONE,
    fingerprint BIGINT NOT NULL,
    landed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    run_id TEXT NOT NULL,
    deleted_at TIMESTAMP WITH TIME ZONE,
    order_key TEXT,
    product_key TEXT,
    description TEXT,
    quantity NUMERIC,
    unit_price NUMERIC,
    total NUMERIC,
    quantity_shipped NUMERIC,
    quantity_billed NUMERIC,
    location TEXT,
    position BIGINT,
    extras JSONB NOT NULL,
    PRIMARY KEY (system, key)
);
CREATE INDEX ix_order_line_changed_at ON hub.order_line (system, changed_at);
CREATE INDEX ix_order_line_order_key ON hub.order_line (system, order_key) WHERE order_key IS NOT NULL;
CREATE INDEX ix_order_line_product_key ON hub.order_line (system, product_key) WHERE product_key IS NOT NULL;

CREATE TABLE hub.invoice (
    system TEXT NOT NULL,
    key TEXT NOT NULL,
    version TEXT NOT NULL,
    modified TIMESTAMP WITH TIME ZONE,
    fingerprint BIGINT NOT NULL,
    landed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    run_id TEXT NOT NULL,
    deleted_at TIMESTAMP WITH TIME ZONE,
    number TEXT,
    customer_key TEXT,
    order_key TEXT,
    status TEXT,
    invoice_date DATE,
    due_date DATE,
    currency TEXT,
    total NUMERIC,
    amount_remaining NUMERIC,
    extras JSONB NOT NULL,
    PRIMARY KEY (system, key)
);
CREATE INDEX ix_invoice_changed_at ON hub.invoice (system, changed_at);
CREATE INDEX ix_invoice_customer_key ON hub.invoice (system, customer_key) WHERE customer_key IS NOT NULL;
CREATE INDEX ix_invoice_order_key ON hub.invoice (system, order_key) WHERE order_key IS NOT NULL;

CREATE TABLE hub.payment (
    system TEXT NOT NULL,
    key TEXT NOT NULL,
    version TEXT NOT NULL,
    modified TIMESTAMP WITH TIME ZONE,
    fingerprint BIGINT NOT NULL,
    landed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    run_id TEXT NOT NULL,
    deleted_at TIMESTAMP WITH TIME ZONE,
    number TEXT,
    customer_key TEXT,
    status TEXT,
    payment_date DATE,
    currency TEXT,
    amount NUMERIC,
    extras JSONB NOT NULL,
    PRIMARY KEY (system, key)
);
CREATE INDEX ix_payment_changed_at ON hub.payment (system, changed_at);
CREATE INDEX ix_payment_customer_key ON hub.payment (system, customer_key) WHERE customer_key IS NOT NULL;

CREATE TABLE hub.shipment (
    system TEXT NOT NULL,
    key TEXT NOT NULL,
    version TEXT NOT NULL,
    modified TIMESTAMP WITH TIME ZONE,
    fingerprint BIGINT NOT NULL,
    landed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    run_id TEXT NOT NULL,
    deleted_at TIMESTAMP WITH TIME ZONE,
    number TEXT,
    customer_key TEXT,
    order_key TEXT,
    status TEXT,
    ship_date DATE,
    tracking_numbers TEXT,
    extras JSONB NOT NULL,
    PRIMARY KEY (system, key)
);
CREATE INDEX ix_shipment_changed_at ON hub.shipment (system, changed_at);
CREATE INDEX ix_shipment_customer_key ON hub.shipment (system, customer_key) WHERE customer_key IS NOT NULL;
CREATE INDEX ix_shipment_order_key ON hub.shipment (system, order_key) WHERE order_key IS NOT NULL;
