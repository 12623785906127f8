// Package v2 stands in for Grafana's types of dashboards in the newer schema. The linter compiles against them; it reads no file with
// them that we give it, as our board is in the classic schema.
package v2

type DashboardSpec struct {
	Title       string
	Editable    *bool
	Elements    map[string]DashboardElement
	Variables   []DashboardVariableKind
	Annotations []DashboardAnnotationQueryKind
}

type DashboardElement struct {
	PanelKind *struct{ Spec DashboardPanelSpec }
}

type DashboardPanelSpec struct {
	Id          float64
	Title       string
	Description string
	VizConfig   struct {
		Group string
		Spec  struct{ FieldConfig, Options any }
	}
	Data struct {
		Spec struct{ Queries []DashboardPanelQueryKind }
	}
}

type DashboardPanelQueryKind struct {
	Spec struct {
		RefId  string
		Hidden bool
		Query  DashboardDataQueryKind
	}
}

type DashboardDataQueryKind struct {
	Group      string
	Datasource *struct{ Name *string }
	Spec       map[string]any
}

type DashboardAnnotationQueryKind struct {
	Spec struct {
		Name  string
		Query DashboardDataQueryKind
	}
}

type DashboardVariableRefresh string

const (
	DashboardVariableRefreshOnTimeRangeChanged DashboardVariableRefresh = "onTimeRangeChanged"
	DashboardVariableRefreshOnDashboardLoad    DashboardVariableRefresh = "onDashboardLoad"
)

// DashboardVariableKind has one of these set.
type DashboardVariableKind struct {
	QueryVariableKind *struct {
		Spec struct {
			Name            string
			Label, AllValue *string
			Multi           bool
			Refresh         DashboardVariableRefresh
			Query           DashboardDataQueryKind
		}
	}
	DatasourceVariableKind *struct {
		Spec struct {
			Name, PluginId  string
			Label, AllValue *string
			Multi           bool
			Refresh         DashboardVariableRefresh
		}
	}
	CustomVariableKind *struct {
		Spec struct {
			Name, Query     string
			Label, AllValue *string
			Multi           bool
		}
	}
	IntervalVariableKind *struct{ Spec textVariable }
	ConstantVariableKind *struct{ Spec textVariable }
	TextVariableKind     *struct{ Spec textVariable }
	AdhocVariableKind    *struct{ Spec textVariable }
	SwitchVariableKind   *struct{ Spec textVariable }
	GroupByVariableKind  *struct {
		Spec struct {
			Name  string
			Label *string
			Multi bool
		}
	}
}

type textVariable struct {
	Name, Query string
	Label       *string
}
