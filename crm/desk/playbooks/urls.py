from django.urls import path

from crm.desk.playbooks import drafting, examples, testing, views

urlpatterns = [
    path("playbooks", views.playbook_page, name="playbook"),
    path("playbooks/versions/<int:number>", views.playbook_version, name="playbook-version"),
    path("playbooks/versions/<int:number>.json", views.playbook_file, name="playbook-file"),
    path("playbooks/compare", views.playbook_compare, name="playbook-compare"),
    path("playbooks/proof", testing.proof_start, name="proof-start"),
    path("playbooks/proof/part", testing.proof_part, name="proof-part"),
    path("playbooks/import", drafting.draft_import, name="draft-import"),
    path("playbooks/drafts", drafting.draft_start, name="draft-start"),
    path("playbooks/drafts/<int:draft_id>", drafting.draft_page, name="draft"),
    path("playbooks/drafts/<int:draft_id>/name", drafting.draft_name, name="draft-name"),
    path("playbooks/drafts/<int:draft_id>/rules", drafting.rule_add, name="rule-add"),
    path("playbooks/drafts/<int:draft_id>/rules/<int:place>", drafting.rule_edit, name="rule-edit"),
    path("playbooks/drafts/<int:draft_id>/rules/<int:place>/<slug:deed>", drafting.rule_deed, name="rule-deed"),
    path("playbooks/drafts/<int:draft_id>/gone/<int:place>", drafting.rule_put_back, name="rule-put-back"),
    path("playbooks/drafts/<int:draft_id>/points", drafting.draft_points, name="draft-points"),
    path("playbooks/drafts/<int:draft_id>/examples/<slug:place>", examples.example_save, name="example-save"),
    path(
        "playbooks/drafts/<int:draft_id>/examples/<slug:place>/<slug:deed>", examples.example_deed, name="example-deed"
    ),
    path("playbooks/examples/of/<int:contact_id>", examples.example_of_somebody, name="example-of"),
    path("playbooks/drafts/<int:draft_id>/text", drafting.draft_text, name="draft-text"),
    path("playbooks/drafts/<int:draft_id>/publish", drafting.draft_publish, name="draft-publish"),
    path("playbooks/drafts/<int:draft_id>/discard", drafting.draft_discard, name="draft-discard"),
    path("playbooks/drafts/<int:draft_id>/backtest", testing.backtest_start, name="backtest-start"),
    path("playbooks/drafts/<int:draft_id>/try", testing.draft_try, name="draft-try"),
    path("playbooks/drafts/<int:draft_id>/beside", testing.backtest_beside, name="backtest-beside"),
    path("playbooks/backtests/<int:backtest_id>", testing.backtest_page, name="backtest"),
    path("playbooks/backtests/<int:backtest_id>/stop", testing.backtest_stop, name="backtest-stop"),
    path(
        "playbooks/backtests/<int:backtest_id>/people/<int:contact_id>", testing.backtest_person, name="backtest-person"
    ),
]
