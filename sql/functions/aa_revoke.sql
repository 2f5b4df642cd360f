-- First of all: nobody may call anything. Each function's file then says at its foot who may. All of it is said anew each time: what was lost in a restore comes
-- back, what is no longer here goes.
revoke all on all functions in schema signalbox from public, signalbox_app, signalbox_viewer, signalbox_operator, signalbox_admin, signalbox_worker;
