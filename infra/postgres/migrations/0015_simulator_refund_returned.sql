-- A refund that was given and came back counts no more: its money can be given anew.
ALTER TABLE simulator_refund ADD COLUMN returned boolean NOT NULL DEFAULT false;
