-- $1 text agent -> label text, description text, examples int4
select i.label, i.description, cardinality(i.examples) as examples
from signalbox.agents a join signalbox.agent_intents i on i.agent_id = a.id where a.slug = $1 order by i.ord
