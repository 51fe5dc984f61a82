-- From when on the age of a parked delivery counts: when its event happened, or when it came back from the dead letters. NULL: when it happened.
ALTER TABLE parked_deliveries ADD COLUMN born BIGINT;
