-- $1 text agent -> what text, key text, cost float8, calls int8, unknown int8
select what, key, cost_usd::float8 as cost, calls, unknown from signalbox.agent_spending($1)
