select count(*) from signalbox.agents_page()
