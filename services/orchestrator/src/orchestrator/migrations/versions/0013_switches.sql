-- What staff switched, append-only; the last row of a target says how it stands. A tool, a channel, or a tool in a channel;
-- neither: the phase of the roll-out. `unmet`: the checks of a phase's gate that were not met when somebody moved on anyway.
CREATE TABLE switch_changes (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tool            text NOT NULL DEFAULT '',
    channel         text NOT NULL DEFAULT '',
    was             text NOT NULL,
    became          text NOT NULL,
    reason          text NOT NULL,
    changed_by      text NOT NULL,
    unmet           text[] NOT NULL DEFAULT '{}',
    changed_at      timestamptz NOT NULL DEFAULT now(),
    CHECK (was <> became),
    CHECK ((tool = '' AND channel = '') OR became IN ('on', 'off') OR (tool = '' AND became = 'shadow'))
);
CREATE INDEX switch_changes_target ON switch_changes (tool, channel, id DESC);

CREATE FUNCTION refuse_switch_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was switched is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER switch_changes_append_only BEFORE UPDATE OR DELETE ON switch_changes
    FOR EACH ROW EXECUTE FUNCTION refuse_switch_change();
CREATE TRIGGER switch_changes_no_truncate BEFORE TRUNCATE ON switch_changes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_switch_change();

-- Whoever changes a switch holds this lock alone, whoever begins a write shares it: what begins behind a change knows it.
CREATE FUNCTION switch_lock() RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT 7214013001 $$;

CREATE FUNCTION switch_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('aiguy_switches', NEW.id::text);
    RETURN NULL;
END $$;
CREATE TRIGGER switch_changed AFTER INSERT ON switch_changes FOR EACH ROW EXECUTE FUNCTION switch_changed();

-- A write that was sent, or is about to be. `args_hash` is of the planned arguments, which hold tokens for personal data.
CREATE TABLE calls_begun (
    turn_id         text NOT NULL,
    tool            text NOT NULL,
    args_hash       text NOT NULL,
    begun_at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (turn_id, tool, args_hash)
);
CREATE INDEX calls_begun_age ON calls_begun (begun_at);

-- Begins a write for a process that knows the switches up to p_known; with -1 it only looks. `newest` is the last change
-- that there is: behind p_known, the process looks at the switches again, and nothing was begun.
CREATE FUNCTION call_begin(p_turn text, p_tool text, p_args text, p_known bigint)
RETURNS TABLE (newest bigint, begun_before boolean) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(switch_lock());
    newest := coalesce((SELECT max(id) FROM switch_changes), 0);
    begun_before := EXISTS (SELECT FROM calls_begun c WHERE c.turn_id = p_turn AND c.tool = p_tool AND c.args_hash = p_args);
    IF NOT begun_before AND newest = p_known THEN
        INSERT INTO calls_begun (turn_id, tool, args_hash) VALUES (p_turn, p_tool, p_args) ON CONFLICT DO NOTHING;
    END IF;
    RETURN NEXT;
END $$;
