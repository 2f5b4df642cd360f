-- -> agent text, requests int8, done int8, limited int8, refused int8, failed int8, worst text
select agent, requests, done, limited, refused, failed, worst from signalbox.http_page(interval '1 h')
