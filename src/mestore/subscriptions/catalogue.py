"""Who reacts to what of products: pictures, imports, search, insights, interests."""

from functools import partial
from typing import cast

from mestore.accounts.events import (
    SignedIn,
    UserErased,
)
from mestore.bulk.jobs import (
    give_up_on,
    on_apply_chunk,
    on_check_chunk,
    on_drop_job_files,
    on_fetch_pictures,
    on_give_up_job,
    on_stage_file,
    purge_jobs,
)
from mestore.bulk.service.workshop import Workshop
from mestore.bulk.subscribers import on_user_erased as on_importer_erased
from mestore.bulk.types import (
    ApplyChunk,
    CheckChunk,
    DropJobFiles,
    FetchPictures,
    GiveUpJob,
    PurgeJobs,
    StageFile,
)
from mestore.carts.events import AddedToCart
from mestore.catalog.events import (
    ProductArchived,
    ProductChanged,
    ProductPublished,
    ProductsWritten,
    VendorShown,
)
from mestore.catalog.jobs import give_up_sizes, on_drop_images, on_fail_image, on_make_sizes
from mestore.catalog.subscribers import on_vendor_moved
from mestore.catalog.types import DropImages, FailImage, MakeSizes
from mestore.insights.jobs import (
    PurgeProductDays,
    RankDays,
    RankRecentDays,
    RecomputeInsights,
    purge_product_days,
    rank_days,
    rank_recent_days,
    recompute_insights,
)
from mestore.insights.subscribers import on_added_to_cart
from mestore.insights.subscribers import on_order_paid as on_sale
from mestore.insights.subscribers import on_order_refunded as on_sale_refunded
from mestore.interests.events import MatchesFound, PricesDropped
from mestore.interests.jobs import (
    check_prices,
    check_vendor_prices,
    find_matches,
    on_match_products,
    purge_history,
    tell_matches,
)
from mestore.interests.subscribers import (
    on_product_changed,
    on_product_published,
    on_searched,
    on_vendor_shown,
)
from mestore.interests.subscribers import on_products_written as on_interesting_written
from mestore.interests.subscribers import on_signed_in as on_viewer_signed_in
from mestore.interests.subscribers import on_user_erased as on_interested_erased
from mestore.interests.types import (
    CheckPrices,
    CheckVendorPrices,
    FindMatches,
    MatchProducts,
    PurgeHistory,
    TellMatches,
)
from mestore.kernel.db import Database
from mestore.kernel.jobs import InTransaction, Route
from mestore.media.ports import BlobStore
from mestore.notifications.subscribers import (
    on_matches_found,
    on_prices_dropped,
)
from mestore.orders.events import OrderPaid
from mestore.refunds.events import OrderRefunded
from mestore.reviews.subscribers import on_user_erased as on_reviewer_erased
from mestore.search.events import Searched
from mestore.search.jobs import (
    MendVectors,
    TidySearch,
    build_index,
    embed_products,
    mend_vectors,
    refresh_products,
    tidy_search,
)
from mestore.search.service.vectors import Vectors
from mestore.search.subscribers import on_product_moved, on_products_written
from mestore.search.types import BuildIndex, EmbedProducts, RefreshProducts
from mestore.vendors.events import VendorApproved, VendorSuspended


def catalogue_routes(
    database: Database, blobs: BlobStore, workshop: Workshop | None, vectors: Vectors | None
) -> tuple[Route, ...]:
    """Return the messages about products with the handlers that they go to."""
    return (
        *_picture_routes(database, blobs),
        *_bulk_routes(workshop),
        *_search_routes(),
        *_vector_routes(vectors),
        *_insight_routes(database),
        *_interest_routes(database),
        Route(VendorApproved, "catalog.on_vendor_approved", InTransaction(on_vendor_moved)),
        Route(VendorSuspended, "catalog.on_vendor_suspended", InTransaction(on_vendor_moved)),
        Route(UserErased, "reviews.on_user_erased", InTransaction(on_reviewer_erased)),
    )


def _search_routes() -> tuple[Route, ...]:
    return (
        Route(ProductPublished, "search.on_product_published", InTransaction(on_product_moved)),
        Route(ProductChanged, "search.on_product_changed", InTransaction(on_product_moved)),
        Route(ProductArchived, "search.on_product_archived", InTransaction(on_product_moved)),
        Route(ProductsWritten, "search.on_products_written", InTransaction(on_products_written)),
        Route(TidySearch, "search.tidy", InTransaction(tidy_search)),
        Route(BuildIndex, "search.build_index", InTransaction(build_index)),
        Route(RefreshProducts, "search.refresh_products", InTransaction(refresh_products)),
    )


def _bulk_routes(workshop: Workshop | None) -> tuple[Route, ...]:
    # Without one these messages can be sent and not carried out.
    work = cast(Workshop, workshop)
    fetching = partial(on_fetch_pictures, work=work)
    return (
        Route(StageFile, "bulk.stage_file", partial(on_stage_file, work=work), give_up_on),
        Route(CheckChunk, "bulk.check_chunk", partial(on_check_chunk, work=work), give_up_on),
        Route(ApplyChunk, "bulk.apply_chunk", partial(on_apply_chunk, work=work), give_up_on),
        Route(FetchPictures, "bulk.fetch_pictures", fetching, give_up_on),
        Route(GiveUpJob, "bulk.give_up_job", InTransaction(on_give_up_job)),
        Route(DropJobFiles, "bulk.drop_job_files", partial(on_drop_job_files, work=work)),
        Route(PurgeJobs, "bulk.purge_jobs", InTransaction(purge_jobs)),
        Route(UserErased, "bulk.on_user_erased", InTransaction(on_importer_erased)),
    )


def _vector_routes(vectors: Vectors | None) -> tuple[Route, ...]:
    return (
        Route(EmbedProducts, "search.embed_products", partial(embed_products, vectors=vectors)),
        Route(MendVectors, "search.mend_vectors", partial(mend_vectors, vectors=vectors)),
    )


def _picture_routes(database: Database, blobs: BlobStore) -> tuple[Route, ...]:
    making = partial(on_make_sizes, database=database, blobs=blobs)
    dropping = partial(on_drop_images, database=database, blobs=blobs)
    return (
        Route(MakeSizes, "catalog.make_sizes", making, give_up_sizes),
        Route(FailImage, "catalog.fail_image", InTransaction(on_fail_image)),
        Route(DropImages, "catalog.drop_images", dropping),
    )


def _insight_routes(database: Database) -> tuple[Route, ...]:
    return (
        Route(AddedToCart, "insights.on_added_to_cart", InTransaction(on_added_to_cart)),
        Route(OrderPaid, "insights.on_order_paid", InTransaction(on_sale)),
        Route(OrderRefunded, "insights.on_order_refunded", InTransaction(on_sale_refunded)),
        Route(RecomputeInsights, "insights.recompute", InTransaction(recompute_insights)),
        Route(PurgeProductDays, "insights.purge_days", InTransaction(purge_product_days)),
        Route(
            RankRecentDays,
            "insights.rank_recent_days",
            partial(rank_recent_days, database=database),
        ),
        Route(RankDays, "insights.rank_days", partial(rank_days, database=database)),
    )


def _interest_routes(database: Database) -> tuple[Route, ...]:
    matching = partial(on_match_products, database=database)
    return (
        Route(Searched, "interests.on_searched", InTransaction(on_searched)),
        Route(SignedIn, "interests.on_signed_in", InTransaction(on_viewer_signed_in)),
        Route(UserErased, "interests.on_user_erased", InTransaction(on_interested_erased)),
        Route(VendorShown, "interests.on_vendor_shown", InTransaction(on_vendor_shown)),
        Route(
            ProductPublished, "interests.on_product_published", InTransaction(on_product_published)
        ),
        Route(ProductChanged, "interests.on_product_changed", InTransaction(on_product_changed)),
        Route(
            ProductsWritten, "interests.on_products_written", InTransaction(on_interesting_written)
        ),
        Route(CheckPrices, "interests.check_prices", InTransaction(check_prices)),
        Route(
            CheckVendorPrices, "interests.check_vendor_prices", InTransaction(check_vendor_prices)
        ),
        Route(FindMatches, "interests.find_matches", InTransaction(find_matches)),
        Route(MatchProducts, "interests.match_products", matching),
        Route(TellMatches, "interests.tell_matches", InTransaction(tell_matches)),
        Route(PurgeHistory, "interests.purge_history", InTransaction(purge_history)),
        Route(PricesDropped, "notifications.on_prices_dropped", InTransaction(on_prices_dropped)),
        Route(MatchesFound, "notifications.on_matches_found", InTransaction(on_matches_found)),
    )
