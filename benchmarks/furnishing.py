"""What a company of this size has in its rooms and a made world has not: staff, answers, tasks, costs, forms, files..

Set-based and the same each time; once a world. The answers are events and are folded as such.
"""

from typing import Final

from benchmarks.goals import Bench

_STAFF: Final = """
    INSERT INTO staff_team (name) SELECT 'Bench ' || n FROM generate_series(1, 4) n ON CONFLICT DO NOTHING;
    INSERT INTO staff_user (email, name, password, role, team_id, language, time_zone, is_active, session_epoch)
    SELECT 'bench-' || n || '@polku.example', 'Bench Seller ' || n, '!', 'sales', t.id, '', '', true, 0
      FROM generate_series(1, 24) n JOIN staff_team t ON t.name = 'Bench ' || 1 + n % 4
"""
# Of the questions older than two days all but one in a hundred and fifty: by one of us, a few hours or days later.
_ANSWERS: Final = """
    WITH ours AS (SELECT array_agg(id ORDER BY id) AS ids FROM staff_user WHERE email LIKE 'bench-%@polku.example'),
    added AS (
        INSERT INTO contacts_event (contact_id, occurred_at, recorded_at, type_id, source_id, rank, key, digest,
               message_id, by_id, properties)
        SELECT k.contact_id, answered.at, answered.at, t.id, s.id, t.rank, md5('bench-answer' || k.question_id)::uuid,
               k.question_id, 'bench-answer-' || k.question_id, ours.ids[1 + k.question_id % array_length(ours.ids, 1)],
               '{"text": "Gladly. Two dates fit: I sent them with the price."}'
          FROM contacts_answerclock k JOIN contacts_event q ON q.id = k.last_question_id
         CROSS JOIN LATERAL (SELECT q.occurred_at + interval '7 minutes' * (1 + k.question_id % 400) AS at) answered
         CROSS JOIN ours JOIN contacts_source s ON s.key = 'shop'
          JOIN contacts_eventtype t ON t.key = 'message_answered'
         WHERE k.answered_at IS NULL AND k.question_id % 150 <> 0 AND answered.at < now()
        RETURNING id, contact_id)
    INSERT INTO contacts_pending (contact_id, event_id, reason) SELECT contact_id, id, 0 FROM added;
    UPDATE contacts_notice SET read_at = now() WHERE read_at IS NULL AND id % 500 <> 0
"""
_TASKS: Final = """
    INSERT INTO contacts_task (contact_id, title, kind, due_at, repeat, assignee_id, created_by_id, done_at,
           done_by_id)
    SELECT c.id, (ARRAY['Call about the offer', 'Send the price list', 'Ask how it went', 'Agree'])[1 + n % 4],
           (ARRAY['call', 'write', 'todo', 'meeting'])[1 + n % 4], due.at, '', u.id, u.id,
           CASE WHEN due.at < now() - interval '5 days' THEN due.at END,
           CASE WHEN due.at < now() - interval '5 days' THEN u.id END
      FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM contacts_contact
             WHERE is_listed AND leader_id = id AND id % 4 = 1) c
     CROSS JOIN LATERAL (SELECT now() + interval '37 minutes' * (c.n % 20000 - 18000) AS at) due
      JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place FROM staff_user) u ON u.place = 1 + c.n % 25
"""
# The people of a company of 2,500, of twenty with 200 each; and what a third of all do there.
_COMPANIES: Final = """
    INSERT INTO contacts_membership (contact_id, company_id, role, title)
    SELECT c.id, f.id, '', 'Engineer'
      FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM contacts_contact
             WHERE is_listed AND leader_id = id AND id % 50 = 7) c
      JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place FROM contacts_company ORDER BY id LIMIT 21) f
        ON f.place = CASE WHEN c.n <= 2500 THEN 1 ELSE 2 + (c.n - 2501) / 200 END
    ON CONFLICT DO NOTHING;
    INSERT INTO contacts_companymark (company_id) SELECT id FROM contacts_company ORDER BY id LIMIT 21;
    UPDATE contacts_membership SET role = (ARRAY['decision_maker', 'influencer', 'user'])[1 + id % 9 / 3]
     WHERE id % 3 = 0;
    UPDATE contacts_company SET owner_id = u.id
      FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM staff_user) u
     WHERE contacts_company.id % 3 = 0 AND u.place = 1 + contacts_company.id / 3 % 25;
    INSERT INTO contacts_tie (company_id, kind, other_id)
    SELECT a.id, (ARRAY['partner', 'competitor'])[1 + a.id % 2], b.id
      FROM contacts_company a JOIN contacts_company b ON b.id = a.id + 17 WHERE a.id % 5 = 0
"""
_CAMPAIGNS: Final = """
    UPDATE campaigns_campaign SET starts_on = current_date - 700, ends_on = current_date + 30,
           budget_minor = 4000000,
           question = CASE key WHEN 'winback' THEN 'keep' WHEN 'spring-back' THEN 'befriend' ELSE 'reach' END;
    INSERT INTO campaigns_campaign (key, name, question, channel, audience, value_proposition, tactic, starts_on,
           ends_on, owner_id, budget_minor, currency)
    SELECT 'bench-' || n, 'Bench campaign ' || n, (ARRAY['reach', 'befriend', 'keep'])[1 + n % 3],
           (ARRAY['owned', 'earned', 'paid'])[1 + n % 3], 'Who sits all day', 'A back that lasts', 'Five letters',
           current_date - 20 * n, current_date - 20 * n + 90, (SELECT min(id) FROM staff_user), 50000, 'EUR'
      FROM generate_series(1, 45) n;
    INSERT INTO campaigns_cost (campaign_id, first_on, last_on, sum_minor, note)
    SELECT c.id, day.at, day.at, 1500 + 37 * (c.id + day.n) % 4000, 'bench' FROM campaigns_campaign c
     CROSS JOIN LATERAL (SELECT n, c.starts_on + n AS at FROM generate_series(0, 700) n) day
     WHERE day.at <= least(c.ends_on, current_date);
    INSERT INTO campaigns_link (token, campaign_id, url, source, medium, term, content)
    SELECT 'bench' || c.id || 'x' || n, c.id, 'https://polku.example/' || n, 'newsletter', 'email', '', ''
      FROM campaigns_campaign c, generate_series(1, 10) n;
    INSERT INTO campaigns_linkday (link_id, day, clicks, left_out)
    SELECT l.id, current_date - n, 1 + (l.id + n) % 90, n % 3 FROM campaigns_link l, generate_series(0, 120) n
"""
_FORMS: Final = """
    INSERT INTO contacts_source (key, name, kind, trust)
    SELECT 'bench-form-' || n, 'Bench form ' || n, 'api', 'public' FROM generate_series(1, 12) n;
    INSERT INTO campaigns_form (token, name, deed, language, title, lead, fields, button, confirms_address, thanks,
           leads_to, source_id, opened_at, version)
    SELECT 'bench-form-' || s.id, s.name, 'message_received', 'en', 'Write to us', '',
           '[{"name": "email", "kind": "email", "label": "E-mail", "is_needed": true, "choices": [], "hint": ""}]',
           'Send', false, 'Thank you.', '', s.id, now(), 1
      FROM contacts_source s WHERE s.key LIKE 'bench-form-%';
    INSERT INTO campaigns_formday (form_id, day, shown, sent, left_out)
    SELECT f.id, current_date - n, 60 + n % 40, n % 9, n % 4 FROM campaigns_form f, generate_series(0, 400) n;
    INSERT INTO campaigns_submission (token, form_id, nonce, contact_id, email, sent_at)
    SELECT 'bench' || c.id, f.id, 'bench' || c.id, c.id, 'somebody@mail.example', now() - interval '9 minutes' * c.n
      FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM contacts_contact
             WHERE is_listed AND leader_id = id AND id % 10 = 3 LIMIT 40000) c
      JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place FROM campaigns_form) f ON f.place = 1 + c.n % 12
"""
_IMPORTS: Final = """
    INSERT INTO contacts_import (source_id, file_name, file_digest, stored, book, size, choices, mapping, columns,
           state, finished_at, rows_read, created, updated, unchanged, skipped, rejected, language, failure,
           resumed_rows, permille, undone, left_alone, undo_all)
    SELECT s.id, 'people-' || n || '.csv', md5('bench' || n), '', '', 800000, '{}', '{}', '["Name", "E-mail"]', 'done',
           now() - interval '3 days' * n, 10000, 8000, 1500, 400, 0, 100, 'en', '', 0, 1000, 0, 0, false
      FROM contacts_source s, generate_series(1, 120) n WHERE s.key = 'fairs';
    INSERT INTO contacts_importreject (run_id, line, "column", reason, detail, raw)
    SELECT i.id, n, 'E-mail', 'invalid', 'This is no e-mail address.', 'Aino,aino at mail.example'
      FROM contacts_import i, generate_series(1, 100) n
"""
_INTAKE: Final = """
    INSERT INTO contacts_eventtype (key, rank, label_en, label_fi, is_named, first_source_id)
    SELECT 'bench_type_' || n, 1, '', '', false, s.id FROM contacts_source s, generate_series(1, 60) n
     WHERE s.key = 'shop';
    INSERT INTO contacts_quarantine (source_id, raw, reason, pointer, detail, message_id, endpoint, received_at,
           attempts, replayed_at)
    SELECT s.id, '{"type": "order_completed"}', (ARRAY['invalid-value', 'unknown-contact', 'too-old'])[1 + n % 3],
           '/contact', 'Nobody is said.', 'bench-' || n, 'events', now() - interval '1 minute' * n, 0,
           CASE WHEN n > 30000 THEN now() END
      FROM contacts_source s, generate_series(1, 60000) n WHERE s.key = 'website';
    INSERT INTO contacts_claim (contact_id, source_id, type_id, key, digest, body, received_at, refused_at)
    SELECT c.id, s.id, t.id, md5('bench-claim' || c.id)::uuid, 1,
           '{"type": "order_completed", "properties": {"order_id": "W-1"}}', now() - interval '11 minutes' * c.n,
           CASE WHEN c.n > 3000 THEN now() END
      FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM contacts_contact
             WHERE is_listed AND leader_id = id AND id % 25 = 3 LIMIT 20000) c
      JOIN contacts_source s ON s.key = 'website' JOIN contacts_eventtype t ON t.key = 'order_completed';
    INSERT INTO crm_webhookendpoint (url, description, secret, previous_secret, dimensions, disabled_at,
           disabled_reason)
    SELECT 'https://bench.example/' || n, 'Bench', 'whsec_bench', '', '{}', now(), 'bench' FROM generate_series(1, 5) n;
    INSERT INTO crm_webhookdelivery (endpoint_id, message_id, body, state, attempts, created_at, delivered_at,
           last_status, last_error)
    SELECT e.id, 'bench-' || e.id || '-' || n, '{}', 'delivered', 1, now() - interval '1 minute' * n, now(), 200, ''
      FROM crm_webhookendpoint e, generate_series(1, 40000) n;
    INSERT INTO crm_webhookattempt (delivery_id, at, status, error, duration_ms)
    SELECT id, created_at, 200, '', 40 FROM crm_webhookdelivery
"""
_FURNITURE: Final = (_STAFF, _ANSWERS, _TASKS, _COMPANIES, _CAMPAIGNS, _FORMS, _IMPORTS, _INTAKE)


def furnish(bench: Bench) -> None:
    if bench.one("SELECT EXISTS (SELECT FROM staff_team WHERE name = 'Bench 1')"):
        return
    bench.run(";".join(_FURNITURE))  # all of it or nothing
    bench.wait_until_folded()
    bench.run("VACUUM ANALYZE")
