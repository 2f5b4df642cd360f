-- $1 text name -> doc json
select row_to_json(t) as doc from signalbox.tools_page() t where t.name = $1
