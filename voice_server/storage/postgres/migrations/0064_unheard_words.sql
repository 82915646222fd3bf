-- What was sent of a reply and not heard because somebody spoke; its text is what was heard.

ALTER TABLE conversation_items ADD COLUMN unheard text;
