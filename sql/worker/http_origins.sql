-- $1 text token -> origin text
select o as origin from unnest(signalbox.http_origins(decode($1, 'hex'))) o
