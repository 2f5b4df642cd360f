-- $1 text who, $2 text collection -> field text, value text, origin text
select field, value, origin from signalbox.profile_of($1, $2)
