-- Runs first (hence aa_): revokes every right on every function from PUBLIC and from our roles. The last line of each
-- function file then grants execute to the roles that may call this function. All grants are repeated with every
-- migration: a grant that a restore lost comes back, a grant that no file names any more is gone.
revoke all on all functions in schema signalbox from public, signalbox_app, signalbox_viewer, signalbox_operator, signalbox_admin, signalbox_worker;
