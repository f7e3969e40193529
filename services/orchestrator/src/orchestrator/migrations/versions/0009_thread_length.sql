-- How much was said: whoever keeps a copy of the thread elsewhere knows by it whether the copy is whole. Counted where it
-- is written, so that no message can be forgotten by whoever writes one. Staff handing back counts as a word, too.
ALTER TABLE conversations ADD COLUMN thread_length integer NOT NULL DEFAULT 0;

CREATE FUNCTION thread_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE conversations SET thread_length = thread_length + 1 WHERE id = NEW.conversation_id;
    RETURN NULL;
END $$;

CREATE TRIGGER thread_grows AFTER INSERT ON thread FOR EACH ROW EXECUTE FUNCTION thread_grows();
