"""The ranker's promises: both directions agree, order means nothing, blocks mean nothing, the index keeps up."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from matching import (
    COLUMNS,
    FACTORS,
    LiveIndex,
    MemoryStore,
    Organization,
    Project,
    Ranker,
    Ranking,
    Record,
    Weights,
    required_texts,
)
from matching.checks import check_ranking
from tests.matching.samples import AS_OF

Build = Callable[..., Ranker]


def table(ranking: Ranking) -> dict[tuple[str, str], float]:
    """Scores by (project, organization)."""
    found = {}
    for row, row_id in enumerate(ranking.row_ids):
        for place, other in enumerate(ranking.candidate_ids[row]):
            if other is not None:
                pair = (row_id, other) if ranking.of_projects else (other, row_id)
                found[pair] = ranking.scores[row, place]
    return found


def same(left: Ranking, right: Ranking) -> bool:
    return (
        left.row_ids == right.row_ids
        and np.array_equal(left.candidate_ids, right.candidate_ids)
        and np.array_equal(left.scores, right.scores, equal_nan=True)
        and all(np.array_equal(left.factors[c], right.factors[c], equal_nan=True) for c in COLUMNS)
    )


@pytest.fixture(scope="module")
def whole(ranker_of: Build, projects: list[Project], organizations: list[Organization]) -> Ranker:
    return ranker_of(organizations, projects)


def test_both_directions_give_every_pair_the_same_score_to_the_bit(
    whole: Ranker, projects: list[Project]
) -> None:
    forward = table(whole.rank(projects, limit=40))
    backward = table(whole.rank_projects(limit=40))
    assert forward == backward


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_the_directions_agree_for_any_part_of_the_fair(
    data: st.DataObject, ranker_of: Build, projects: list[Project], organizations: list[Organization]
) -> None:
    some = data.draw(
        st.lists(st.sampled_from(organizations), min_size=1, max_size=6, unique_by=lambda o: o.id)
    )
    posted = data.draw(st.lists(st.sampled_from(projects), min_size=1, max_size=6, unique_by=lambda p: p.id))
    ranker = ranker_of(some, posted)
    assert table(ranker.rank(posted, limit=8)) == table(ranker.rank_projects(some, limit=8))


def test_the_order_of_what_is_given_changes_nothing(
    ranker_of: Build, whole: Ranker, projects: list[Project], organizations: list[Organization]
) -> None:
    shuffled = random.Random(3).sample(organizations, len(organizations))
    assert same(ranker_of(shuffled).rank(projects, 10), whole.rank(projects, 10))
    backwards = whole.rank(projects[::-1], 10)
    assert table(backwards) == table(whole.rank(projects, 10))


def test_neither_block_nor_process_nor_company_changes_a_score(
    ranker_of: Build, whole: Ranker, projects: list[Project], organizations: list[Organization]
) -> None:
    at_once = whole.rank(projects, 10)
    assert same(ranker_of(organizations, block=3).rank(projects, 10), at_once)
    assert same(ranker_of(organizations, block=15, n_jobs=2).rank(projects, 10), at_once)
    alone = table(ranker_of(organizations[:1]).rank(projects, 10))
    full = table(whole.rank(projects, 40))
    assert alone == {pair: full[pair] for pair in alone}


def test_ties_go_to_the_lower_id(
    ranker_of: Build, projects: list[Project], organizations: list[Organization]
) -> None:
    twins = [replace(organizations[0], id=name) for name in ("c", "a", "b")]
    ranking = ranker_of(twins).rank(projects[:1], 3)
    assert ranking.organization_ids.tolist() == [["a", "b", "c"]]
    assert ranking.explain(projects[0].id, "b").rank == 2


def test_the_referee_finds_nothing_wrong(whole: Ranker, projects: list[Project]) -> None:
    for ranking in (whole.rank(projects, 10), whole.rank_projects(limit=10)):
        assert not check_ranking(ranking.scores, ranking.factors, ranking.candidate_ids)


def test_the_live_index_answers_as_a_new_ranker_would(
    ranker_of: Build, store: MemoryStore, projects: list[Project], organizations: list[Organization]
) -> None:
    index = LiveIndex(Ranker(AS_OF, store=store), organizations[:30], projects[:20])
    index.put_organization(organizations[35])
    index.put_organization(
        replace(
            organizations[3],
            qualifications=("一种新资质",),
            service_areas=("全市",),
            categories=(),
            rating="5A",
            certified_total=9,
        )
    )
    index.put_project(replace(projects[25], required_qualifications=("一种新资质",)))
    index.put_project(replace(projects[4], budget_fen=1_000_000))
    index.drop_organization(organizations[7].id)
    index.drop_project(projects[9].id)
    fresh = ranker_of(list(index.ranker.organizations_.values()), list(index.ranker.projects_.values()))
    assert same(index.ranker.rank_projects(limit=10), fresh.rank_projects(limit=10))
    assert index.organizations_for(projects[25].id, 1).organization_ids[0, 0] == organizations[3].id
    for project in (projects[25].id, projects[4].id):
        assert same(index.organizations_for(project, 10), fresh.rank([project], 10))
    assert same(index.projects_for(organizations[35].id, 10), fresh.rank_projects([organizations[35].id], 10))


def test_a_project_may_ask_before_it_is_posted_and_an_organization_before_it_is_registered(
    whole: Ranker, projects: list[Project], organizations: list[Organization], store: MemoryStore
) -> None:
    index = LiveIndex(Ranker(AS_OF, store=store), organizations[1:], projects[1:])
    assert table(index.organizations_for(projects[0], 50)).keys() == {
        pair for pair in table(whole.rank([projects[0]], 50)) if pair[1] != organizations[0].id
    }
    assert len(table(index.projects_for(organizations[0], 50))) > 0


def more(organization: Organization) -> list[Organization]:
    """The same organization with one thing better."""
    return [
        replace(organization, certified_total=(organization.certified_total or 0) + 1),
        replace(organization, qualifications=(*organization.qualifications, "残疾人服务机构备案")),
        replace(organization, honours=organization.honours + 1),
        replace(organization, supervisors=(organization.supervisors or 0) + 1),
        replace(organization, rating="5A", rating_valid_until=date(2030, 1, 1)),
        replace(organization, capacity_max=(organization.capacity_max or 0) + 1),
        replace(organization, target_groups=(*organization.target_groups, "困境儿童")),
    ]


def test_getting_better_never_lowers_a_score(
    ranker_of: Build, whole: Ranker, projects: list[Project], organizations: list[Organization]
) -> None:
    before = table(whole.rank(projects, 40))
    for number in range(7):
        better = [more(org)[number] for org in organizations]
        after = table(ranker_of(better).rank(projects, 40))
        for pair, score in before.items():
            assert after[pair] >= score, (number, pair)


def test_a_sentence_of_another_matter_changes_little(
    ranker_of: Build, whole: Ranker, projects: list[Project], organizations: list[Organization]
) -> None:
    before = table(whole.rank(projects[:12], 40))
    wordy = [
        replace(p, description=p.description + "联系电话工作日可拨打，材料请交至街道办事处二楼。")
        for p in projects[:12]
    ]
    after = table(ranker_of(organizations).rank(wordy, 40))
    assert max(abs(after[pair] - score) for pair, score in before.items()) < 4.0


def test_a_title_alone_is_not_a_text(ranker_of: Build, organizations: list[Organization]) -> None:
    ranking = ranker_of(organizations).rank([Project("p", "失智老人家庭照护者喘息支持项目")], 5)
    assert ranking.no_data["text"].all()
    assert len(set(ranking.factors["text"][0].tolist())) == 1


def test_missing_data_are_neutral_and_shown_as_such(ranker_of: Build) -> None:
    ranking = ranker_of([Organization("o", "新机构", "居家养老服务")]).rank(
        [Project("p", "助餐", "为老人送餐")], 1
    )
    neutral = [name for name in FACTORS if ranking.no_data[name][0, 0]]
    assert neutral == ["target_group", "place", "track_record", "staff", "capacity", "money"]
    for name in neutral:
        assert ranking.factors[name][0, 0] == Weights().points[name] / 2


def test_a_new_organization_with_a_supervisor_gets_a_pilot_bonus_and_a_favourite_loses_points(
    ranker_of: Build,
) -> None:
    project = Project("p", "送餐", "为老人送餐", budget_fen=4_000_000, buyer="street")
    plain = Organization("a", "机构", "老年助餐", established_on=date(2025, 3, 1))
    pilot = replace(plain, id="b", supervisors=1)
    favourite = replace(plain, id="c", buyer_shares={"street": 0.4})
    ranking = ranker_of([plain, pilot, favourite]).rank([project], 3)
    given = dict(zip(ranking.organization_ids[0], ranking.factors["adjustment"][0], strict=True))
    assert given == {"a": 0.0, "b": 3.0, "c": -5.0}


def test_work_in_the_same_street_beats_a_home_in_the_district(ranker_of: Build) -> None:
    project = Project("p", "送餐", "为老人送餐", district="玄武区", street="锁金村街道")
    plain = Organization("claims", "机构", "老年助餐", service_areas=("全市",))
    others = [
        replace(plain, id="worked", track_record=(Record("助餐", 2025, street="锁金村街道"),)),
        replace(plain, id="home", district="玄武区"),
        replace(plain, id="next", district="鼓楼区"),
    ]
    ranking = ranker_of([plain, *others]).rank([project], 4)
    place = dict(zip(ranking.organization_ids[0], ranking.shares["place"][0].round(2), strict=True))
    assert place == {"worked": 1.0, "home": 0.8, "next": 0.5, "claims": 0.4}


def test_a_project_of_several_districts_is_at_home_in_the_first_when_it_names_no_other(
    ranker_of: Build,
) -> None:
    city = Project("p", "巡访", "为老人上门探访", delivery_districts=("玄武区", "鼓楼区"))
    served = ("玄武区", "鼓楼区")
    here = Organization("here", "机构", "老年探访", district="玄武区", service_areas=served)
    there = replace(here, id="there", district="鼓楼区")
    far = replace(here, id="far", district="高淳区")
    ranking = ranker_of([here, there, far]).rank([city], 3)
    place = dict(zip(ranking.organization_ids[0], ranking.shares["place"][0].round(2), strict=True))
    assert place == {"here": 0.8, "there": 0.5, "far": 0.5}
    told = {f.name: f.zh for f in ranking.explain("p", "here").factors}
    assert told["place"] == "机构就在玄武区"


def test_dask_workers_give_the_same_bits(
    ranker_of: Build, whole: Ranker, projects: list[Project], organizations: list[Organization]
) -> None:
    distributed = pytest.importorskip("distributed", reason="the extra 'dask' is not installed")
    with distributed.Client(n_workers=2, threads_per_worker=1, dashboard_address=None):
        shared = ranker_of(organizations, block=15, n_jobs=2, backend="dask").rank(projects, 10)
    assert same(shared, whole.rank(projects, 10))


def test_who_else_takes_part_changes_no_score_and_only_places_below(
    ranker_of: Build, whole: Ranker, projects: list[Project], organizations: list[Organization]
) -> None:
    """An organization that leaves moves those behind it up by one, and nobody else."""
    before = whole.rank(projects, 40)
    gone = before.organization_ids[0, 2]
    after = ranker_of([o for o in organizations if o.id != gone]).rank(projects, 40)
    for row in range(len(projects)):
        kept = [
            (o, s)
            for o, s in zip(before.organization_ids[row], before.scores[row], strict=True)
            if o not in (gone, None)
        ]
        left = [
            (o, s)
            for o, s in zip(after.organization_ids[row], after.scores[row], strict=True)
            if o is not None
        ]
        assert kept == left


def test_it_is_a_scikit_learn_estimator() -> None:
    ranker = Ranker(AS_OF, block=17)
    assert clone(ranker).get_params() == ranker.get_params()
    assert ranker.set_params(block=5).block == 5
    with pytest.raises(ValueError, match="no parameter"):
        ranker.set_params(blocks=5)
    with pytest.raises(ValueError, match="fit"):
        ranker.rank([])


def test_two_things_with_one_id_are_refused(ranker_of: Build, organizations: list[Organization]) -> None:
    with pytest.raises(ValueError, match="share an id"):
        ranker_of([organizations[0], organizations[0]])


def test_vectors_computed_beforehand_are_all_a_ranker_needs(
    projects: list[Project], organizations: list[Organization], whole: Ranker
) -> None:
    texts = required_texts(organizations, projects)
    model = whole.text_
    filled = MemoryStore(dict(zip(map(model.key, texts), model.vectors(texts), strict=True)))

    class NoEncoder:
        name = model.encoder.name

        def encode(self, texts: object) -> np.ndarray:
            raise AssertionError("a text was encoded again")

    ranker = Ranker(AS_OF, encoder=NoEncoder(), store=filled).fit(organizations)
    assert same(ranker.rank(projects, 5), whole.rank(projects, 5))


def test_no_projects_and_no_organizations_are_no_trouble(ranker_of: Build, projects: list[Project]) -> None:
    assert ranker_of([]).rank(projects[:2], 3).scores.shape == (2, 3)
    assert ranker_of([]).rank([], 3).scores.shape == (0, 3)
