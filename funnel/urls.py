from django.urls import path

from funnel.api import backtests, boards, companies, effects, figures, playbooks, positions, stages, timeline, walk
from rest import paths  # noqa: F401  (the converter `row`)
from rest.endpoints import endpoint

urlpatterns = [
    path("stages", endpoint(GET=stages.stage_list, POST=stages.stage_add)),
    path("stages/<slug:key>", endpoint(GET=stages.stage_detail, PATCH=stages.stage_change)),
    path("board", boards.boards),
    path("contacts/<int:contact_id>/move", boards.moves),
    path("contacts/<row:contact_id>/timeline", endpoint(GET=timeline.timeline)),
    path("companies/export", endpoint(GET=companies.company_export)),
    path("companies/<row:company_id>/breadth", endpoint(GET=companies.company_breadth)),
    path("companies/<row:company_id>/timeline", endpoint(GET=companies.company_timeline)),
    path("positions", endpoint(GET=positions.position_list)),
    path("positions/<int:contact_id>", endpoint(GET=positions.position_detail)),
    path("transitions", endpoint(GET=positions.transition_list)),
    path("transitions/<int:transition_id>", endpoint(GET=positions.transition_detail)),
    path("playbooks", endpoint(GET=playbooks.playbook_list)),
    path("playbooks/<int:number>", endpoint(GET=playbooks.playbook_detail)),
    path("playbooks/<int:number>/text", endpoint(GET=playbooks.playbook_text)),
    path("playbooks/drafts", endpoint(GET=playbooks.draft_list, POST=playbooks.draft_start)),
    path(
        "playbooks/drafts/<int:draft_id>",
        endpoint(
            GET=playbooks.draft_detail,
            PUT=playbooks.draft_replace,
            PATCH=playbooks.draft_change,
            DELETE=playbooks.draft_discard,
        ),
    ),
    path("playbooks/drafts/<int:draft_id>/difference", endpoint(GET=playbooks.draft_difference)),
    path("playbooks/drafts/<int:draft_id>/check", endpoint(GET=playbooks.draft_check)),
    path("playbooks/drafts/<int:draft_id>/examples", endpoint(POST=playbooks.draft_example)),
    path("playbooks/drafts/<int:draft_id>/publish", endpoint(POST=playbooks.draft_publish)),
    path("playbooks/drafts/<int:draft_id>/text", endpoint(GET=playbooks.draft_text)),
    path("playbooks/drafts/<int:draft_id>/backtests", endpoint(POST=backtests.backtest_start)),
    path("playbooks/proofs", endpoint(POST=backtests.proof_start)),
    path("playbooks/backtests", endpoint(GET=backtests.backtest_list)),
    path("playbooks/backtests/<row:backtest_id>", endpoint(GET=backtests.backtest_detail)),
    path("playbooks/backtests/<row:backtest_id>/cancel", endpoint(POST=backtests.backtest_cancel)),
    path("playbooks/backtests/<row:backtest_id>/people", endpoint(GET=backtests.backtest_people)),
    path("playbooks/backtests/<row:backtest_id>/people/<row:contact_id>", endpoint(GET=backtests.backtest_person)),
    path("effects/held", endpoint(GET=effects.held_list)),
    path("effects/release", endpoint(POST=effects.release)),
    path("funnel/summary", endpoint(GET=figures.funnel_summary)),
    path("funnel/conversions", endpoint(GET=figures.funnel_conversions)),
    path("funnel/walk", endpoint(GET=walk.funnel_walk)),
    path("funnel/time-in-stage", endpoint(GET=figures.funnel_time_in_stage)),
]
