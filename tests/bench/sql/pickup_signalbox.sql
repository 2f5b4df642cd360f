select message_id from signalbox.dispatch('bench-0001', 'bench: pick-up, nonce :n')
